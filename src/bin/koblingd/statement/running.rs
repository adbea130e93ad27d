//! The rules in force, where data lie, the state of the audit chain, and what a statement cannot say.

use kobling::disclosure::RULES_VERSION;

use super::Configuration;
use super::page::{Page, code};

impl Configuration<'_> {
    pub(super) fn disclosure(&self, page: &mut Page) {
        page.section("Regler for, hvad der må vises", "Disclosure rules in force");
        page.facts(&[("Profil", "Profile", code(RULES_VERSION))]);
        let rules = &self.rules;
        let settings = [
            ("persons", "R1, R2", rules.persons()),
            ("families", "R1", rules.families()),
            ("rounding", "R3", rules.rounding()),
            ("rate_part", "R4", rules.rate_part()),
            ("values", "R5", rules.values()),
            ("held", "R8, R9", rules.held()),
            ("crossing", "R10", rules.crossing()),
            ("dimensions", "R6", rules.dimensions() as u64),
            ("amount_units", "R11", rules.amount_units()),
            ("p_percent", "R11", rules.p_percent()),
            ("dominance", "R11", rules.dominance()),
            ("mean_units", "R12, R13", rules.mean_units()),
        ];
        let rows: Vec<_> = settings
            .iter()
            .map(|(name, rule, value)| vec![code(name), (*rule).to_owned(), value.to_string()])
            .collect();
        page.table(&[("Indstilling", "Setting"), ("Regel", "Rule"), ("Værdi", "Value")], &rows);
        page.say(
            "Reglerne, og hvad de ikke standser, står i `docs/DISCLOSURE.md`. Et kvartal kan der spørges om, når det er endt, og de dage er gået, som definitionen sætter:",
            "The rules, and what they do not stop, stand in `docs/DISCLOSURE.md`. A quarter can be asked about when it has ended and the days that the definition sets have passed:",
        );
        let closing = page.days(Some(self.programme.closing_days.into()), "", "");
        page.facts(&[("Dage efter kvartalets udgang", "Days after the end of a quarter", closing)]);
    }

    pub(super) fn places(&self, page: &mut Page) {
        page.section("Hvor oplysningerne ligger", "Where data lie");
        let rows = [
            (
                "hos parten",
                "at the partner",
                "udtræk, koblingsnøgle, egen underskriftsnøgle, pakker, kvitteringer",
                "extracts, linkage key, its own signing key, packages, receipts",
            ),
            ("hos nøgleforvalteren", "at the custodian", "koblingsnøglen", "the linkage key"),
            (
                "hos driften, uden for datamappen",
                "at the operator, outside the data folder",
                "tjenestenøglen; en sti inde i mappen afvises",
                "the service key; a path inside the folder is refused",
            ),
            (
                "datamappen, `kobling.sqlite`",
                "data folder, `kobling.sqlite`",
                "definition, aftryk af adgangstokens, offentlige underskriftsnøgler, samtykker, personløbenumre, frigivne tal, betalingsopgørelser, revisionskæde",
                "definition, digests of bearer tokens, public signing keys, consents, person numbers of its own, released figures, payment statements, audit chain",
            ),
            (
                "datamappen, `staged/`",
                "data folder, `staged/`",
                "omsatte rækker, der er modtaget",
                "re-keyed rows that were received",
            ),
            (
                "datamappen, `snapshots/`",
                "data folder, `snapshots/`",
                "forseglede øjebliksbilleder",
                "sealed snapshots",
            ),
        ];
        let rows: Vec<_> = rows
            .iter()
            .map(|(da, en, what_da, what_en)| {
                vec![page.word(da, en).to_owned(), page.word(what_da, what_en).to_owned()]
            })
            .collect();
        page.table(&[("Sted", "Place"), ("Hvad", "What")], &rows);
        let snapshots: Vec<_> =
            self.snapshots.iter().map(|(id, day)| vec![id.to_string(), day.to_string()]).collect();
        page.table(&[("Øjebliksbillede på disken", "Snapshot on disk"), ("Forseglet", "Sealed")], &snapshots);
        page.say(
            "Det sidste er i kraft. I datamappen står datoer og kategorier i klar tekst: disken skal være krypteret.",
            "The last one is in force. In the data folder dates and categories stand in the clear: the disk is to be encrypted.",
        );
    }

    pub(super) fn chain(&self, page: &mut Page) {
        page.section("Revisionskæden", "The audit chain");
        page.facts(&[
            ("Tilstand", "State", page.word("gennemgået og hel", "gone over and whole").to_owned()),
            ("Indførsler", "Entries", self.chain.sequence.to_string()),
            ("Hoved", "Head", code(self.chain.hash)),
        ]);
        page.say(
            "Skriv hovedet ned et andet sted: en kæde, der er lavet om, fører ikke til det.",
            "Note the head elsewhere: a chain that was rebuilt does not lead to it.",
        );
    }

    pub(super) fn limits(&self, page: &mut Page) {
        page.section("Hvad erklæringen ikke siger", "What this statement does not say");
        page.say(
            "Den siger, hvad der er sat op, ikke hvad mennesker gør: om nøgler opbevares adskilt, om disken er krypteret, om udtræk slettes hos parterne, og om den, der driver maskinen, kører dette program. Hvad hver angriber kan få, og hvad der ikke standses, står i `docs/THREAT_MODEL.md`.",
            "It says what is set up, not what people do: whether keys are kept apart, whether the disk is encrypted, whether partners delete extracts, and whether whoever runs the machine runs this program. What each attacker gets, and what is not stopped, stands in `docs/THREAT_MODEL.md`.",
        );
    }
}
