//! What the service holds of one person from the partner that asks: its consents, its rows, and what they are used for.
//!
//! Read from the partner's own events, packages and proposals alone, so that the answer is the same whoever else knows
//! the person. That it was asked is entered before anything is read.

use serde::Deserialize as _;

use super::{Reason, Service, ServiceError};
use crate::audit::{Deed, Subject};
use crate::auth::Principal;
use crate::clock::{Day, Timestamp};
use crate::consent::{
    AliasHeld, AsOf, ConsentEvent, ConsentsHeld, DatasetHeld, HELD_CONTEXT, Held, HeldEvent, HeldPermit,
    HeldRequest, Known, LookupHeld, Stretch, Use, UseHeld, fold, is_label,
};
use crate::intake::staged::{Layout, read_frames};
use crate::key::Signature;
use crate::name::{DatasetId, PartnerId};
use crate::programme::{BasisKind, Programme, QuestionKind, Role};
use crate::store::{AliasRow, StoreError};
use crate::token::{Link, Linker, Token};

/// A person, as the partner that asks knows it.
struct Asked {
    partner: PartnerId,
    source: u8,
    /// The token's link, and those that the partner's own approved proposals hold together with it.
    links: Vec<Link>,
    aliases: Vec<AliasRow>,
    now: Timestamp,
}

impl Service {
    /// What the caller's partner recorded of a person's consent, and what it permits today.
    ///
    /// # Errors
    /// [`Reason::ConsentSignature`], [`Reason::Body`], [`ServiceError::ConsentKey`], [`Reason::PersonToken`],
    /// [`Reason::AccessNote`].
    pub fn consents_held(
        &self,
        caller: &Principal,
        body: &[u8],
        signature: &str,
    ) -> Result<ConsentsHeld, ServiceError> {
        let asked = self.asked(caller, body, signature, Deed::ConsentsShown)?;
        self.consents_of_person(&asked)
    }

    /// Everything that is held of a person from the caller's partner.
    ///
    /// # Errors
    /// As [`Service::consents_held`].
    pub fn held(&self, caller: &Principal, body: &[u8], signature: &str) -> Result<Held, ServiceError> {
        let asked = self.asked(caller, body, signature, Deed::AccessGiven)?;
        let programme = self.programme();
        let aliases = asked.aliases.iter().map(|alias| AliasHeld { approved_at: alias.approved_at });
        Ok(Held {
            consents: self.consents_of_person(&asked)?,
            datasets: self.rows_of_person(&asked)?,
            aliases: aliases.collect(),
            lookups: self.lookups_of_person(&asked)?,
            uses: uses(programme, asked.source),
        })
    }

    /// Verifies a request and enters it.
    fn asked(
        &self,
        caller: &Principal,
        body: &[u8],
        signature: &str,
        deed: Deed,
    ) -> Result<Asked, ServiceError> {
        let refused = |reason| ServiceError::Refused(reason);
        let partner = self.partner(caller)?;
        let source = self.programme().source(&partner).ok_or(refused(Reason::NotFound))?;
        let signature: Signature = signature.parse().map_err(|_| refused(Reason::ConsentSignature))?;
        if !self.keys_in_force(&partner)?.iter().any(|key| key.verifies(HELD_CONTEXT, body, &signature)) {
            return Err(refused(Reason::ConsentSignature));
        }
        let mut json = serde_json::Deserializer::from_slice(body);
        let request = HeldRequest::deserialize(&mut json).and_then(|request| json.end().map(|()| request));
        let request = request.map_err(|_| refused(Reason::Body))?;
        if request.key_id != self.key_id() {
            return Err(ServiceError::ConsentKey { found: request.key_id, expected: self.key_id() });
        }
        if !is_label(&request.note) {
            return Err(refused(Reason::AccessNote));
        }
        let token = Token::parse(request.token.as_bytes()).ok().filter(|token| token.kind().is_person());
        let link =
            Linker::new(&self.key, &partner, &partner).link(&token.ok_or(refused(Reason::PersonToken))?);
        let now = self.now();
        let subject = Subject::new().id("note", &request.note);
        self.store.record_access(now, &caller.actor(), &partner, deed, subject)?;
        let own = self.store.aliases()?.into_iter().filter(|alias| alias.partner == partner);
        let (links, aliases) = joined(link, own.collect());
        Ok(Asked { partner, source, links, aliases, now })
    }

    fn consents_of_person(&self, asked: &Asked) -> Result<ConsentsHeld, ServiceError> {
        let mut events = Vec::new();
        for stored in self.store.consents_of(std::slice::from_ref(&asked.partner), &asked.links)? {
            let event: ConsentEvent =
                serde_json::from_str(&stored.event).map_err(|_| StoreError::Damaged("a consent event"))?;
            events.push(HeldEvent { recorded_at: stored.recorded_at, event });
        }
        events.sort_by_key(|held| (held.event.at, held.recorded_at));
        let known = self.said_to(&asked.partner, &asked.links)?;
        let permits = self.permits_of_person(asked, &known);
        Ok(ConsentsHeld { at: asked.now, partner: asked.partner.clone(), events, permits })
    }

    /// Each own dataset for each purpose and recipient.
    fn permits_of_person(&self, asked: &Asked, known: &[Known]) -> Vec<HeldPermit> {
        let programme = self.programme();
        let mut permits = Vec::new();
        for dataset in programme.datasets.iter().filter(|d| d.partners.contains(&asked.source)) {
            for basis in &dataset.bases {
                let recipients =
                    programme.purpose(&basis.purpose).map(|purpose| purpose.recipients.as_slice());
                for recipient in recipients.unwrap_or_default() {
                    let (permitted, rows) = if basis.kind == BasisKind::Consent {
                        let of = Use {
                            source: asked.source,
                            purpose: &basis.purpose,
                            recipient,
                            dataset: &dataset.id,
                            longest: basis.use_days,
                        };
                        let permission = fold(known, &of, AsOf::known_then(asked.now));
                        let windows = permission.windows().iter();
                        let open = |to: Day| (to != Day::MAX).then_some(to);
                        let rows = windows.map(|(from, to)| Stretch { from: *from, to: open(*to) });
                        (permission.gate(), rows.collect())
                    } else {
                        (true, Vec::new())
                    };
                    permits.push(HeldPermit {
                        dataset: dataset.id.clone(),
                        purpose: basis.purpose.clone(),
                        recipient: recipient.clone(),
                        basis: basis.kind,
                        rests_on: basis.rests_on.clone(),
                        permitted,
                        rows,
                    });
                }
            }
        }
        permits
    }

    /// When the partner itself asked what became of the person.
    fn lookups_of_person(&self, asked: &Asked) -> Result<Vec<LookupHeld>, ServiceError> {
        let mut lookups = Vec::new();
        for link in &asked.links {
            let of_link = self.store.lookups_of(&asked.partner, link)?.into_iter();
            lookups.extend(of_link.map(|row| LookupHeld {
                at: row.at,
                followup: row.followup,
                label: row.label,
            }));
        }
        lookups.sort_by_key(|lookup| lookup.at);
        Ok(lookups)
    }

    /// The partner's own rows about the person in packages in force, dataset by dataset. Rows about somebody else that name
    /// the person are the other one's: who is told of them may learn that somebody sought help.
    fn rows_of_person(&self, asked: &Asked) -> Result<Vec<DatasetHeld>, ServiceError> {
        let programme = self.programme();
        let own = self.store.packages_in_force()?.into_iter().filter(|p| p.partner == asked.partner);
        let packages: Vec<_> = own.collect();
        // An erasure that only an alias opened is told to nobody: it would say what others know.
        let mut orders = self.store.orders()?;
        orders.retain(|o| o.named && o.source == asked.partner && asked.links.contains(&o.link));
        let erasures = if orders.is_empty() { Vec::new() } else { self.store.erasures_of(&asked.partner)? };
        let mut held = Vec::new();
        for dataset in programme.datasets.iter().filter(|d| d.partners.contains(&asked.source)) {
            let mut found = DatasetHeld {
                id: dataset.id.clone(),
                title: dataset.title.clone(),
                rows: 0,
                withheld: false,
                erased_by: None,
                first: None,
                last: None,
            };
            for order in orders.iter().filter(|order| order.dataset == dataset.id) {
                let erasure = erasures.iter().find(|erasure| erasure.id == order.erasure);
                let by = erasure.map(|erasure| self.erase_by(erasure.since, erasure.opened_at));
                found.erased_by = found.erased_by.max(by);
            }
            let layout = Layout::of(dataset);
            let person = dataset.position(|role| matches!(role, Role::Person));
            let date = dataset.position(|role| matches!(role, Role::Date));
            for package in packages.iter().filter(|package| package.dataset == dataset.id) {
                let path = self.store.folder().staged_file(&package.staged);
                let read = read_frames(self.store.vault(), &path, &layout, |_, body| {
                    found.withheld |= body.withheld().any(|link| asked.links.contains(&link));
                    for row in body.rows.chunks_exact(layout.width()) {
                        let of = person.and_then(|column| layout.link(row, column));
                        if !of.is_some_and(|link| asked.links.contains(&link)) {
                            continue;
                        }
                        found.rows += 1;
                        if let Some(day) = date.map(|column| layout.day(row, column)) {
                            found.first = Some(found.first.map_or(day, |first| first.min(day)));
                            found.last = Some(found.last.map_or(day, |last| last.max(day)));
                        }
                    }
                    Ok::<(), std::io::Error>(())
                });
                match read {
                    // Withdrawn at this moment: then it is not held.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    read => drop(read?),
                }
            }
            held.push(found);
        }
        Ok(held)
    }
}

/// The links that approved proposals of one partner hold together with a link, and the proposals that touch any of them.
fn joined(link: Link, own: Vec<AliasRow>) -> (Vec<Link>, Vec<AliasRow>) {
    let mut links = vec![link];
    let mut at = 0;
    while let Some(link) = links.get(at).copied() {
        for alias in own.iter().filter(|alias| alias.approved_at.is_some()) {
            let other = match (alias.first == link, alias.second == link) {
                (true, _) => alias.second,
                (_, true) => alias.first,
                _ => continue,
            };
            if !links.contains(&other) {
                links.push(other);
            }
        }
        at += 1;
    }
    let touches = |alias: &AliasRow| links.contains(&alias.first) || links.contains(&alias.second);
    let aliases = own.into_iter().filter(touches).collect();
    (links, aliases)
}

/// What reads the datasets of a partner: the same for every person.
fn uses(programme: &Programme, source: u8) -> Vec<UseHeld> {
    let own = |read: &[usize]| -> Vec<DatasetId> {
        let read = read.iter().map(|at| &programme.datasets[*at]);
        read.filter(|dataset| dataset.partners.contains(&source)).map(|dataset| dataset.id.clone()).collect()
    };
    let mut uses = Vec::new();
    let mut add = |kind: &str, id: String, title, purpose, datasets: Vec<DatasetId>| {
        if let Some(purpose) = programme.purpose(purpose) {
            uses.push(UseHeld {
                kind: kind.to_owned(),
                id,
                title,
                purpose: purpose.id.clone(),
                purpose_title: purpose.title.clone(),
                recipients: purpose.recipients.clone(),
                datasets,
            });
        }
    };
    for question in &programme.questions {
        let datasets = own(&programme.datasets_of(question));
        if !datasets.is_empty() || matches!(question.kind, QuestionKind::Consents) {
            add("question", question.id.to_string(), question.title.clone(), &question.purpose, datasets);
        }
    }
    for followup in &programme.followups {
        let datasets = own(&[followup.referring(), followup.showing()].concat());
        if !datasets.is_empty() {
            add("follow-up", followup.id.to_string(), followup.title.clone(), &followup.purpose, datasets);
        }
    }
    uses
}
