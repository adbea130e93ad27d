//! What stands around every page: who is signed in, where they can go, the other language.

use super::assets;
use super::guard::Visit;
use crate::auth::{Action, Role, authorise};
use crate::language::Language;

/// Where a role can go: what the page needs, its address, and its name in Danish and English. In the order of the menu.
const MENU: &[(Action, &str, &str, &str)] = &[
    (Action::ReadOwnPackages, "/packages", "Pakker", "Packages"),
    (Action::Upload, "/send", "Send", "Send"),
    (Action::RecordConsents, "/consents", "Samtykker", "Consents"),
    (Action::FollowUp, "/followups", "Opfølgning", "Follow-up"),
    (Action::ReadOwnStrand, "/trail", "Mit spor", "My trail"),
    (Action::Ask, "/questions", "Spørgsmål", "Questions"),
    (Action::Ask, "/report", "Min rapport", "My report"),
    (Action::ReadReports, "/reports", "Faste rapporter", "Standing reports"),
    (Action::StatePayment, "/payments", "Betalinger", "Payments"),
    (Action::ReadQuality, "/quality", "Datakvalitet", "Data quality"),
    (Action::Seal, "/staged", "Forsegling", "Sealing"),
    (Action::ManageKeys, "/partners", "Partnere", "Partners"),
    (Action::ApproveAlias, "/approvals", "Godkendelser", "Approvals"),
    (Action::ReadAnswers, "/log", "Svarlog", "Log of answers"),
    (Action::ReadAudit, "/audit", "Revisionskæden", "Audit chain"),
    (Action::ReadProgramme, "/programme", "Program", "Programme"),
];

/// A line of the menu.
pub(super) struct Place {
    pub(super) href: String,
    pub(super) name: &'static str,
    pub(super) current: bool,
}

/// Who is signed in, as the page says it.
pub(super) struct Who {
    pub(super) name: String,
    pub(super) role: &'static str,
    /// What every form says again.
    pub(super) csrf: String,
}

/// What stands around a page.
pub(super) struct Frame {
    /// The language; `l.choose("dansk", "English")` in templates.
    pub(super) l: Language,
    pub(super) title: String,
    pub(super) menu: Vec<Place>,
    pub(super) who: Option<Who>,
    /// The same page in the other language.
    pub(super) other: String,
    /// Where style and scripts are.
    pub(super) assets: &'static str,
    /// Scripts of this page beside the common one: paths under [`Frame::assets`].
    pub(super) scripts: Vec<&'static str>,
}

/// A role as people call it.
pub(super) const fn role_name(role: Role, l: Language) -> &'static str {
    match role {
        Role::Partner => l.choose("partner", "partner"),
        Role::Evaluator => l.choose("evaluator", "evaluator"),
        Role::Payer => l.choose("betaler", "payer"),
        Role::Steward => l.choose("styregruppe", "steward"),
        Role::Auditor => l.choose("revisor", "auditor"),
        Role::Operator => l.choose("drift", "operator"),
    }
}

impl Frame {
    /// The frame of a page with this title.
    pub(super) fn of(visit: &Visit, title: &str) -> Frame {
        let l = visit.language;
        let visitor = visit.visitor();
        let path = visit.address.split('?').next().unwrap_or_default();
        let is_current =
            |href: &str| path == href || path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/'));
        let menu = visitor.iter().flat_map(|visitor| {
            let granted = MENU.iter().filter(|(action, ..)| authorise(visitor.principal.role, *action));
            granted.map(|(_, href, da, en)| Place {
                href: format!("/{}{href}", l.tag()),
                name: l.choose(da, en),
                current: is_current(href),
            })
        });
        let menu = menu.collect();
        let who = visitor.map(|visitor| Who {
            name: visitor.principal.name.clone(),
            role: role_name(visitor.principal.role, l),
            csrf: visitor.session.csrf.clone(),
        });
        Frame {
            l,
            title: title.to_owned(),
            menu,
            who,
            other: format!("/{}{}", l.other().tag(), visit.address),
            assets: assets::base(),
            scripts: Vec::new(),
        }
    }

    /// The frame, of which the same in the other language is at another address (without its language) than the page.
    pub(super) fn elsewhere(mut self, path: &str) -> Frame {
        self.other = format!("/{}{path}", self.l.other().tag());
        self
    }

    /// The frame with a script of the page's own.
    pub(super) fn with_script(mut self, path: &'static str) -> Frame {
        self.scripts.push(path);
        self
    }

    /// What every form says again; empty where nobody is signed in.
    pub(super) fn csrf(&self) -> &str {
        self.who.as_ref().map_or("", |who| who.csrf.as_str())
    }
}
