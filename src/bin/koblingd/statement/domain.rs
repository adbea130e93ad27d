//! Who is inside the domain, who holds which secret, who may come in.

use kobling::auth::Role;
use kobling::name::OrganisationId;

use super::Configuration;
use super::page::{Page, code, list, plain};

impl Configuration<'_> {
    pub(super) fn domain(&self, page: &mut Page) {
        page.section("Domænet", "The domain");
        page.say(
            "**Inden for domænet** er tjenesten hos driften, og de, der får noget ud af den: evaluatorer, betalere, styregruppe og revisor. Her må ingen kunne henføre oplysninger til en person. Tjenesten får koder i stedet for personnumre, omsætter dem i hukommelsen under sin egen nøgle og gemmer kun resultatet.",
            "**Inside the domain** are the service at the operator's, and those who get something out of it: evaluators, payers, steward and auditor. Nobody here is to be able to attribute data to a person. The service receives codes in place of identity numbers, turns them in memory under its own key and keeps the outcome alone.",
        );
        page.say(
            "**Uden for domænet** er parterne, som kender deres egne borgere eller brugere og laver koderne på egne maskiner, og nøgleforvalteren. De har den supplerende oplysning, som databeskyttelsesforordningens art. 4, nr. 5, taler om: koblingsnøglen. Også koderne er personoplysninger.",
            "**Outside the domain** are the partners, who know their own clients and make the codes on machines of their own, and the key custodian. They have the additional information that GDPR article 4(5) speaks of: the linkage key. The codes are personal data too.",
        );
    }

    pub(super) fn roles(&self, page: &mut Page) {
        let programme = self.programme;
        page.section("Roller, der holdes adskilt", "Roles kept apart");
        let named = |id: &OrganisationId, name: &str| format!("{} ({})", plain(name), code(id));
        let partners = programme.partners.iter().map(|p| named(&p.id.clone().into(), &p.name));
        let mut auditors: Vec<_> = self.of_role(Role::Auditor);
        auditors.dedup();
        let rows = [
            ("Nøgleforvalter", "Key custodian", code(&programme.custodian)),
            ("Drift", "Operator", code(&programme.operator)),
            ("Styregruppe", "Steward", code(&programme.steward)),
            ("Evaluatorer", "Evaluators", list(programme.evaluators.iter().map(|o| named(&o.id, &o.name)))),
            ("Betalere", "Payers", list(programme.payers.iter().map(|o| named(&o.id, &o.name)))),
            ("Parter", "Partners", list(partners)),
            ("Revisorer med adgang", "Auditors with access", list(auditors.iter().map(code))),
        ];
        let rows: Vec<_> =
            rows.iter().map(|(da, en, who)| vec![page.word(da, en).to_owned(), who.clone()]).collect();
        page.table(&[("Rolle", "Role"), ("Organisation", "Organisation")], &rows);
        page.say(
            "Kontrollen af definitionen afviser en drift, der også er nøgleforvalter, part, evaluator eller betaler, og en evaluator, der også er part. Organisationer med mere end én rolle:",
            "The check of the definition refuses an operator that is also custodian, partner, evaluator or payer, and an evaluator that is also a partner. Organisations with more than one role:",
        );
        let doubled: Vec<_> = self
            .several_roles(page)
            .into_iter()
            .map(|(organisation, roles)| vec![code(organisation), roles.join(", ")])
            .collect();
        page.table(&[("Organisation", "Organisation"), ("Roller", "Roles")], &doubled);
    }

    fn several_roles(&self, page: &Page) -> Vec<(OrganisationId, Vec<String>)> {
        let programme = self.programme;
        let mut all: Vec<(OrganisationId, String)> = vec![
            (programme.custodian.clone(), page.word("nøgleforvalter", "custodian").to_owned()),
            (programme.operator.clone(), role(page, Role::Operator).to_owned()),
            (programme.steward.clone(), role(page, Role::Steward).to_owned()),
        ];
        let mut add = |id: OrganisationId, of: Role| all.push((id, role(page, of).to_owned()));
        programme.evaluators.iter().for_each(|o| add(o.id.clone(), Role::Evaluator));
        programme.payers.iter().for_each(|o| add(o.id.clone(), Role::Payer));
        programme.partners.iter().for_each(|p| add(p.id.clone().into(), Role::Partner));
        self.of_role(Role::Auditor).into_iter().for_each(|id| add(id, Role::Auditor));
        let mut found: Vec<(OrganisationId, Vec<String>)> = Vec::new();
        for (id, word) in all {
            match found.iter_mut().find(|(known, _)| *known == id) {
                Some((_, words)) if words.contains(&word) => {}
                Some((_, words)) => words.push(word),
                None => found.push((id, vec![word])),
            }
        }
        found.retain(|(_, words)| words.len() > 1);
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }

    /// Organisations of the principals of a role whose tokens are in force.
    fn of_role(&self, role: Role) -> Vec<OrganisationId> {
        let rows = self.principals.iter().filter(|row| row.revoked_at.is_none());
        rows.filter(|row| row.principal.role == role).map(|row| row.principal.organisation.clone()).collect()
    }

    pub(super) fn secrets(&self, page: &mut Page) {
        page.section("Hvem har hvilken hemmelighed", "Who holds which secret");
        let operator = code(&self.programme.operator);
        let rows = vec![
            vec![
                page.word("Koblingsnøgle", "Linkage key").to_owned(),
                page.word("nøgle-id ", "key id ").to_owned() + &code(self.key_id),
                format!(
                    "{} {}",
                    code(&self.programme.custodian),
                    page.word("og alle parter", "and all partners")
                ),
                page.word(
                    "driften, evaluatorer, betalere, styregruppe, revisor",
                    "operator, evaluators, payers, steward, auditor",
                )
                .to_owned(),
                page.word(
                    "laver personnumre om til koder; sammen med en pakke giver den personnumrene",
                    "turns identity numbers into codes; with a package it gives the identity numbers",
                )
                .to_owned(),
            ],
            vec![
                page.word("Tjenestenøgle", "Service key").to_owned(),
                page.word("fingeraftryk ", "fingerprint ").to_owned() + &code(self.service),
                operator.clone(),
                page.word("alle andre", "everybody else").to_owned(),
                page.word(
                    "omsætter koder til det, der gemmes, og underskriver kvitteringer",
                    "turns codes into what is kept, and signs receipts",
                )
                .to_owned(),
            ],
            vec![
                page.word("Underskriftsnøgler", "Signing keys").to_owned(),
                page.word("næste afsnit", "next section").to_owned(),
                page.word("hver part sin egen", "each partner its own").to_owned(),
                page.word("alle andre", "everybody else").to_owned(),
                page.word("underskriver pakker og samtykker", "sign packages and consents").to_owned(),
            ],
            vec![
                page.word("Adgangstokens", "Bearer tokens").to_owned(),
                "–".to_owned(),
                page.word("hver adgang sit eget", "each principal its own").to_owned(),
                page.word(
                    "alle andre; tjenesten gemmer kun et aftryk",
                    "everybody else; the service keeps a digest alone",
                )
                .to_owned(),
                page.word(
                    "giver adgang i én rolle for én organisation",
                    "let in, in one role for one organisation",
                )
                .to_owned(),
            ],
        ];
        page.table(
            &[
                ("Hemmelighed", "Secret"),
                ("Kendetegn", "Known by"),
                ("Har den", "Held by"),
                ("Har den ikke", "Not held by"),
                ("Hvad den kan", "What it does"),
            ],
            &rows,
        );
        page.say(
            "Koblingsnøgle, tjenestenøgle og database tilsammen giver alt. Ingen organisation må have dem alle; det kan kun organisationen sikre, ikke programmet.",
            "Linkage key, service key and database together give everything. No organisation may have them all; the organisations can see to that, the program cannot.",
        );
    }

    pub(super) fn signing_keys(&self, page: &mut Page) {
        page.section("Parternes underskriftsnøgler", "The partners' signing keys");
        let mut rows = Vec::new();
        for (partner, keys) in &self.keys {
            if keys.is_empty() {
                let none = page.word("ingen registreret", "none enrolled").to_owned();
                rows.push(vec![code(partner), none, "–".to_owned(), "–".to_owned()]);
            }
            for key in keys {
                let revoked = key.revoked_at.map_or_else(|| "–".to_owned(), |at| at.day().to_string());
                let enrolled = key.enrolled_at.day().to_string();
                rows.push(vec![code(partner), code(key.key.fingerprint()), enrolled, revoked]);
            }
        }
        page.table(
            &[
                ("Part", "Partner"),
                ("Fingeraftryk", "Fingerprint"),
                ("Registreret", "Enrolled"),
                ("Spærret", "Revoked"),
            ],
            &rows,
        );
    }

    pub(super) fn principals(&self, page: &mut Page) {
        page.section("Adgange", "Who may come in");
        let rows: Vec<_> = self
            .principals
            .iter()
            .map(|row| {
                let p = &row.principal;
                let revoked = row.revoked_at.map_or_else(|| "–".to_owned(), |at| at.day().to_string());
                let added = row.added_at.day().to_string();
                vec![role(page, p.role).to_owned(), code(&p.organisation), code(&p.id), added, revoked]
            })
            .collect();
        page.table(
            &[
                ("Rolle", "Role"),
                ("Organisation", "Organisation"),
                ("Adgang", "Principal"),
                ("Oprettet", "Added"),
                ("Spærret", "Revoked"),
            ],
            &rows,
        );
        page.say(
            "Hvad hver rolle må, står i `src/auth/matrix.txt`; hvad der ikke står der, må ingen. Driften handler desuden på selve maskinen med `koblingd`, og det står i revisionskæden.",
            "What each role may do stands in `src/auth/matrix.txt`; what is not there nobody may. The operator acts at the machine itself too, with `koblingd`, and that stands in the audit chain.",
        );
    }
}

fn role(page: &Page, role: Role) -> &'static str {
    let (da, en) = match role {
        Role::Partner => ("part", "partner"),
        Role::Evaluator => ("evaluator", "evaluator"),
        Role::Payer => ("betaler", "payer"),
        Role::Steward => ("styregruppe", "steward"),
        Role::Auditor => ("revisor", "auditor"),
        Role::Operator => ("drift", "operator"),
    };
    page.language().choose(da, en)
}
