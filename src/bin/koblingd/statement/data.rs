//! What is kept, on which basis, for whom and how long; notices; follow-ups.

use kobling::name::OrganisationId;
use kobling::programme::{Basis, BasisKind, Column, Dataset, Event, Followup, StatusMeaning};

use super::Configuration;
use super::page::{Page, code, list, plain};

impl Configuration<'_> {
    pub(super) fn purposes(&self, page: &mut Page) {
        page.section("Formål og modtagere", "Purposes and recipients");
        let rows: Vec<_> = self
            .programme
            .purposes
            .iter()
            .map(|purpose| {
                vec![
                    code(&purpose.id),
                    plain(page.language().of(&purpose.title)),
                    list(purpose.recipients.iter().map(code)),
                    page.whether(purpose.statistical),
                ]
            })
            .collect();
        page.table(
            &[
                ("Formål", "Purpose"),
                ("Titel", "Title"),
                ("Modtagere", "Recipients"),
                ("Kun statistik og forskning", "Statistics and research alone"),
            ],
            &rows,
        );
    }

    pub(super) fn datasets(&self, page: &mut Page) {
        page.section("Datasæt", "Datasets");
        let rows: Vec<_> = self
            .programme
            .datasets
            .iter()
            .map(|dataset| {
                vec![
                    code(&dataset.id),
                    plain(page.language().of(&dataset.title)),
                    self.partners_of(dataset),
                    list(dataset.columns.iter().map(|column| code(&column.id))),
                    page.whether(dataset.rests_on_consent_alone()),
                ]
            })
            .collect();
        page.table(
            &[
                ("Datasæt", "Dataset"),
                ("Titel", "Title"),
                ("Afleveres af", "Handed over by"),
                ("Kolonner, der forlader parten", "Columns that leave the partner"),
                ("Hviler på samtykke alene", "Rests on consent alone"),
            ],
            &rows,
        );
        page.say(
            "Personer, sager og medarbejdere forlader parten som koder. Andre kolonner i et udtræk bliver hos parten, og fritekst findes ikke.",
            "Persons, cases and staff leave the partner as codes. Other columns of an extract stay with the partner, and there is no free text.",
        );
    }

    fn partners_of(&self, dataset: &Dataset) -> String {
        list(dataset.partners.iter().map(|at| code(&self.programme.partners[usize::from(*at)].id)))
    }

    pub(super) fn bases(&self, page: &mut Page) {
        page.section(
            "Behandlingsgrundlag for hvert datasæt og formål",
            "Legal basis of each dataset and purpose",
        );
        let mut rows = Vec::new();
        for dataset in &self.programme.datasets {
            for basis in &dataset.bases {
                let purpose = self.programme.purpose(&basis.purpose);
                let recipients = purpose.map(|purpose| purpose.recipients.as_slice()).unwrap_or_default();
                let consent = basis.kind == BasisKind::Consent;
                let validity = |days| match (consent, days) {
                    (false, _) => "–".to_owned(),
                    (true, days) => {
                        page.days(days, "så længe samtykket gælder", "as long as the consent holds")
                    }
                };
                rows.push(vec![
                    code(&dataset.id),
                    code(&basis.purpose),
                    kind(page, basis.kind).to_owned(),
                    plain(&basis.rests_on),
                    marks(page, basis),
                    validity(basis.disclosure_days),
                    validity(basis.use_days),
                    list(basis.forbids.iter().map(code)),
                    list(recipients.iter().map(code)),
                ]);
            }
        }
        page.table(
            &[
                ("Datasæt", "Dataset"),
                ("Formål", "Purpose"),
                ("Grundlag", "Basis"),
                ("Hviler på", "Rests on"),
                ("Mærket som", "Marked as"),
                ("Samtykke tillader aflevering højst", "A consent lets rows be handed over at most"),
                ("Samtykke tillader brug højst", "A consent lets rows be used at most"),
                ("Udelukker", "Rules out"),
                ("Modtagere", "Recipients"),
            ],
            &rows,
        );
        page.say(
            "»Hviler på« er gengivet, som definitionen skriver det. Et datasæt uden række for et formål kan ikke bruges til det. Det, der holdes til statistik alene, har intet andet grundlag (databeskyttelsesloven § 10, stk. 2).",
            "“Rests on” stands as the definition has it. A dataset without a row for a purpose cannot be used for it. What is held for statistics alone has no other basis (databeskyttelsesloven § 10, stk. 2).",
        );
    }

    pub(super) fn retention(&self, page: &mut Page) {
        page.section("Opbevaring og sletning", "Retention and erasure");
        let policy = &self.programme.consent;
        let days = |days: u32| page.days(Some(days), "", "");
        let facts = [
            (
                "Fra en tilbagetrækning, til sletningen er til ende, højst",
                "From a withdrawal to the end of erasure, at most",
                days(policy.erasure_days),
            ),
            (
                "Rækker beholdes, efter at den sidste tilladelse er udløbet af sig selv, i",
                "Rows are kept, after the last permission has run out by itself, for",
                days(policy.lapsed_days),
            ),
            (
                "Den unge spørges selv, fra alderen",
                "The young person is asked in person from the age of",
                policy.own_consent_age.to_string(),
            ),
        ];
        page.facts(&facts);
        let rows: Vec<_> = self
            .programme
            .datasets
            .iter()
            .map(|dataset| {
                let kept = page.days(
                    dataset.retention_days,
                    "ingen frist sat: til programmets ophør",
                    "no limit set: to the end of the programme",
                );
                vec![code(&dataset.id), kept]
            })
            .collect();
        page.table(
            &[("Datasæt", "Dataset"), ("Fra hændelsens dag højst", "From the day of the event, at most")],
            &rows,
        );
    }

    pub(super) fn notices(&self, page: &mut Page) {
        page.section("Tekster, som personer er vist", "Texts that persons were shown");
        let rows: Vec<_> = self
            .programme
            .notices
            .iter()
            .map(|notice| {
                vec![
                    code(&notice.id),
                    notice.version.to_string(),
                    notice.language.clone(),
                    list(notice.purposes.iter().map(code)),
                    code(&notice.sha256),
                ]
            })
            .collect();
        page.table(
            &[
                ("Tekst", "Notice"),
                ("Version", "Version"),
                ("Sprog", "Language"),
                ("Formål", "Purposes"),
                ("SHA-256", "SHA-256"),
            ],
            &rows,
        );
    }

    pub(super) fn followups(&self, page: &mut Page) {
        page.section("Opfølgning på egne henvisninger", "Follow-up on one's own referrals");
        let limits: Vec<_> = self
            .programme
            .followups
            .iter()
            .map(|followup| {
                vec![
                    code(&followup.id),
                    code(&followup.purpose),
                    self.who_asks(followup),
                    list(followup.referring().iter().map(|at| code(&self.programme.datasets[*at].id))),
                    page.days(Some(followup.delay_days.into()), "", ""),
                    followup.new_per_30_days.to_string(),
                    followup.lookups_per_day.to_string(),
                ]
            })
            .collect();
        page.table(
            &[
                ("Opfølgning", "Follow-up"),
                ("Formål", "Purpose"),
                ("Kan spørge", "May ask"),
                ("Henvisninger står i", "Referrals stand in"),
                ("Tidligst efter forseglingen", "Earliest after the seal"),
                ("Nye henvisninger pr. 30 dage", "New referrals in 30 days"),
                ("Opslag pr. dag", "Look-ups a day"),
            ],
            &limits,
        );
        let mut rows = Vec::new();
        for followup in &self.programme.followups {
            for status in &followup.statuses {
                for event in &status.events {
                    rows.push(vec![
                        code(&followup.id),
                        plain(page.language().of(&status.title)),
                        meaning(page, status.means).to_owned(),
                        self.codes_of(page, event),
                        self.partners_of(&self.programme.datasets[event.dataset]),
                    ]);
                }
            }
        }
        page.table(
            &[
                ("Opfølgning", "Follow-up"),
                ("Status", "Status"),
                ("Betyder", "Means"),
                ("Vises af", "Shown by"),
                ("Oplysningen kommer fra", "The information comes from"),
            ],
            &rows,
        );
        page.say(
            "Den, der spørger, får status for sine egne henvisninger og intet andet, og kun hvor den, oplysningen kommer fra, har registreret personens ja til formålet og til den, der spørger. Ukendt, ikke tilladt og intet at fortælle besvares ens. Den, der spørger, kender selv personen: her forlader en oplysning om en bestemt person domænet.",
            "Whoever asks gets statuses of its own referrals and nothing else, and only where the organisation that the information comes from recorded the person's yes to the purpose and to the one who asks. Unknown, not permitted and nothing to tell are answered alike. Whoever asks knows the person: here something about a particular person leaves the domain.",
        );
    }

    /// Partners that hand over referrals and are recipients of the purpose.
    fn who_asks(&self, followup: &Followup) -> String {
        let purpose = self.programme.purpose(&followup.purpose);
        let recipients = purpose.map(|purpose| purpose.recipients.as_slice()).unwrap_or_default();
        let mut asking: Vec<u8> = followup
            .referring()
            .iter()
            .flat_map(|at| self.programme.datasets[*at].partners.iter().copied())
            .filter(|at| {
                let partner = &self.programme.partners[usize::from(*at)].id;
                recipients.contains(&OrganisationId::from(partner.clone()))
            })
            .collect();
        asking.sort_unstable();
        asking.dedup();
        list(asking.iter().map(|at| code(&self.programme.partners[usize::from(*at)].id)))
    }

    fn codes_of(&self, page: &Page, event: &Event) -> String {
        let dataset = &self.programme.datasets[event.dataset];
        let filters = event.filters.iter().map(|filter| {
            let column: &Column = &dataset.columns[filter.column];
            let codes = self.programme.codes(column).unwrap_or_default();
            let titles =
                filter.codes.iter().map(|at| plain(page.language().of(&codes[usize::from(*at)].title)));
            format!("{}: {}", code(&column.id), list(titles))
        });
        format!("{} ({})", code(&dataset.id), list(filters))
    }
}

fn kind(page: &Page, kind: BasisKind) -> &'static str {
    let (da, en) = match kind {
        BasisKind::Consent => ("samtykke", "consent"),
        BasisKind::Statistics => ("statistik og forskning", "statistics and research"),
        BasisKind::Task => ("myndighedsopgave", "a public authority's task"),
    };
    page.language().choose(da, en)
}

fn meaning(page: &Page, means: StatusMeaning) -> &'static str {
    let (da, en) = match means {
        StatusMeaning::Received => ("modtaget", "received"),
        StatusMeaning::Contacted => ("kontaktet", "contacted"),
        StatusMeaning::Started => ("begyndt", "started"),
        StatusMeaning::Ended => ("afsluttet", "ended"),
        StatusMeaning::NotReached => ("ikke nået", "not reached"),
    };
    page.language().choose(da, en)
}

fn marks(page: &Page, basis: &Basis) -> String {
    let special = page.word("særlige kategorier (art. 9)", "special categories (art. 9)");
    let offences = page.word("strafbare forhold (art. 10)", "offences (art. 10)");
    let mut marks = Vec::new();
    if basis.special_categories {
        marks.push(special.to_owned());
    }
    if basis.offences {
        marks.push(offences.to_owned());
    }
    list(marks)
}
