//! One dataset on its way: each step leaves the outbox in a state that the next run understands.

use kobling::audit::{Item, Receipt, ReceiptKind, SignedReceipt};
use kobling::client::{Client, upload};
use kobling::clock::{Clock as _, Day, Period, SystemClock, Timestamp};
use kobling::config::SendEntry;
use kobling::digest::Sha256Hex;
use kobling::extract::report::{Paper, Report};
use kobling::extract::{ExtractError, Job, MaxRejected, Package, Watch, check, tokenise};
use kobling::key::{LinkageKey, SigningKey, VerifyingKey};
use kobling::language::Language;
use kobling::name::PartnerId;
use kobling::outbox::{Marker, Note, Outbox, OutboxError, Parcel};
use kobling::programme::Programme;
use kobling::secret::SystemRandom;

use super::extract::Extract;
use super::fate::{Fate, What, message, status};
use crate::exit::{Trouble, both};
use crate::progress::Progress;
use crate::say::language;
use crate::upload::count;

/// What all datasets of a run share.
pub(super) struct Sender<'a> {
    pub(super) programme: &'a Programme,
    pub(super) partner: &'a PartnerId,
    pub(super) key: &'a LinkageKey,
    pub(super) signing: &'a SigningKey,
    pub(super) marker: Marker,
    /// Nobody, in a dry run.
    pub(super) client: Option<&'a Client>,
    pub(super) service: Option<&'a VerifyingKey>,
    pub(super) outbox: &'a Outbox,
    pub(super) keep_packages: bool,
    pub(super) again: bool,
    pub(super) today: Day,
}

/// Shows how far an extract has been read.
struct Reading(Progress);

impl Watch for Reading {
    fn read(&mut self, bytes: u64) {
        self.0.at(bytes);
    }
}

/// What earlier runs left of a dataset and its quarters.
struct Before {
    /// Without a receipt, oldest first.
    unsent: Vec<Parcel>,
    /// The newest with a receipt, and whether that proves anything.
    last: Option<(Parcel, Result<Receipt, Trouble>)>,
}

fn outbox(error: OutboxError) -> Trouble {
    Trouble::Files(Box::new(error))
}

/// The report of an extract of which no package was made.
fn report_of(error: &ExtractError) -> Option<&Report> {
    match error {
        ExtractError::TooManyRejected(report) | ExtractError::Unusual(_, report) => Some(report),
        _ => None,
    }
}

/// The report as it is kept: JSON, text, and a page to file.
fn kept(parcel: &Parcel, paper: &Paper<'_>) -> Result<(), Trouble> {
    let (json, text, page) = (paper.to_json(), paper.to_text(language()), paper.to_html(language()));
    parcel.keep_report(json.as_bytes(), &text, &page).map_err(outbox)
}

/// The report on paper, with what kept a package from being made.
fn paper<'a>(
    job: &'a Job<'a>,
    report: &'a Report,
    made: Timestamp,
    limit: Option<MaxRejected>,
    error: Option<&ExtractError>,
) -> Paper<'a> {
    let unusual = match error {
        Some(ExtractError::Unusual(unusual, _)) => Some(*unusual),
        _ => None,
    };
    Paper { unusual, ..Paper::of(job, report, made, limit) }
}

impl Sender<'_> {
    /// Sends one; whatever becomes of it, the others go on.
    pub(super) fn send(&self, entry: &SendEntry) -> Fate {
        let mut fate = Fate::of(entry.dataset.clone());
        if let Err(trouble) = self.go(entry, &mut fate) {
            fate.what = What::Failed(trouble);
        }
        fate
    }

    fn go(&self, entry: &SendEntry, fate: &mut Fate) -> Result<(), Trouble> {
        let extract = Extract::open(entry, self.programme, self.today)?;
        fate.period = Some(extract.period);
        let mark = extract.mark(&self.marker, self.programme, self.key)?;
        let Before { mut unsent, last } = self.before(entry, extract.period, fate)?;
        let same = unsent.iter().rposition(|parcel| parcel.note.mark == mark && parcel.has_rows());
        if let Some((parcel, proved)) = last {
            let settled = parcel.note.mark == mark && !self.again && same.is_none();
            match proved {
                Ok(receipt) if settled => {
                    fate.received(&receipt);
                    fate.receipt = Some(parcel.receipt_path());
                    fate.what = What::Unchanged(receipt.at);
                    return Ok(());
                }
                Err(trouble) if settled => return Err(trouble),
                Ok(_) => {}
                Err(trouble) => fate.note(&trouble),
            }
        }
        let resumed = same.map(|at| unsent.remove(at));
        if let Some(parcel) = &resumed
            && self.is_over(parcel, entry, fate)?
        {
            return self.give_up(parcel, fate);
        }
        let Some(client) = self.client else { return self.rehearse(entry, &extract, resumed.as_ref(), fate) };
        let parcel = match resumed {
            Some(parcel) => {
                fate.resumed = true;
                fate.rejected_unasked(entry);
                parcel
            }
            None => self.make(entry, &extract, mark, fate)?,
        };
        for older in &unsent {
            // It is not what is sent now.
            if let Err(trouble) = self.settle(client, older) {
                fate.note(&trouble);
            }
        }
        self.hand_over(client, &parcel, fate)
    }

    /// What earlier runs left of this dataset and these quarters. A receipt that does not verify, as after a change of the
    /// service's key, says nothing of what is sent now unless it is the last: it is noted.
    fn before(&self, entry: &SendEntry, period: Period, fate: &mut Fate) -> Result<Before, Trouble> {
        let mut before = Before { unsent: Vec::new(), last: None };
        for parcel in self.outbox.parcels().map_err(outbox)? {
            if (&parcel.note.dataset, parcel.note.period) != (&entry.dataset, period) {
                continue;
            }
            let proved = match self.received(&parcel) {
                Ok(None) => {
                    before.unsent.push(parcel);
                    continue;
                }
                Ok(Some(receipt)) => {
                    // The run that got the receipt may have ended before it was done.
                    self.forget_rows(&parcel)?;
                    Ok(receipt)
                }
                Err(trouble) => Err(trouble),
            };
            if let Some((_, Err(trouble))) = before.last.replace((parcel, proved)) {
                fate.note(&trouble);
            }
        }
        Ok(before)
    }

    /// Whether more rows of a package that was made before were rejected than its entry allows now.
    fn is_over(&self, parcel: &Parcel, entry: &SendEntry, fate: &mut Fate) -> Result<bool, Trouble> {
        let rows = parcel.package()?.manifest.kobling.rows;
        fate.rows = Some(rows);
        Ok(entry.max_rejected.is_some_and(|limit| limit.exceeded_by(&rows)))
    }

    /// Gives up a package that may not be sent any more. Where the service has it already, that is said.
    fn give_up(&self, parcel: &Parcel, fate: &mut Fate) -> Result<(), Trouble> {
        let rows = fate.rows.unwrap_or_default();
        let number = |language: Language| (language.count(rows.rejected), language.count(rows.read));
        let ((da, da_of), (en, en_of)) = (number(Language::Da), number(Language::En));
        let (da, en) = (
            format!(
                "{da} af {da_of} rækker blev afvist, da pakken blev lavet, og max_rejected tillader nu færre"
            ),
            format!(
                "{en} of {en_of} rows were rejected when the package was made, and max_rejected allows fewer now"
            ),
        );
        let received = match self.client {
            Some(client) => self.settle(client, parcel)?,
            None => None,
        };
        let Some(receipt) = received else {
            return Err(Trouble::Rows(both(
                format!("{da}: den sendes ikke; ret udtrækket, eller hæv grænsen, og kør kommandoen igen"),
                format!(
                    "{en}: it is not sent; mend the extract or raise the limit, and run the command again"
                ),
            )));
        };
        let id = &receipt.id;
        fate.rejected_too_late(both(
            format!("{da}; tjenesten har den allerede: `kobling packages withdraw {id}` trækker den tilbage"),
            format!("{en}; the service has it already: `kobling packages withdraw {id}` withdraws it"),
        ));
        fate.received(&receipt);
        fate.receipt = Some(parcel.receipt_path());
        fate.resumed = true;
        fate.what = What::Sent;
        Ok(())
    }

    /// What would be sent.
    fn rehearse(
        &self,
        entry: &SendEntry,
        extract: &Extract<'_>,
        resumed: Option<&Parcel>,
        fate: &mut Fate,
    ) -> Result<(), Trouble> {
        if let Some(parcel) = resumed {
            fate.rows = Some(parcel.package()?.manifest.kobling.rows);
            fate.resumed = true;
        } else {
            let mut reading = Reading(Progress::of(extract.size()));
            let job = extract.job(self.programme, self.partner, self.today)?;
            let checked = check(&job, &mut SystemRandom::new(), &mut reading);
            reading.0.finish();
            let report =
                checked.inspect_err(|error| fate.rows = report_of(error).map(|report| report.rows))?;
            fate.rows = Some(report.rows);
            if entry.max_rejected.is_some_and(|limit| limit.exceeded(&report)) {
                return Err(ExtractError::TooManyRejected(Box::new(report)).into());
            }
            fate.rejected_unasked(entry);
        }
        fate.what = What::WouldGo;
        Ok(())
    }

    /// Makes a parcel: note, package, report, and the package's name last.
    fn make(
        &self,
        entry: &SendEntry,
        extract: &Extract<'_>,
        mark: Sha256Hex,
        fate: &mut Fate,
    ) -> Result<Parcel, Trouble> {
        let now = SystemClock.now();
        let (dataset, period) = (entry.dataset.clone(), extract.period);
        let parcel =
            self.outbox.begin(Note { format: 1, dataset, period, mark, made_at: now }).map_err(outbox)?;
        let mut reading = Reading(Progress::of(extract.size()));
        let job = extract.job(self.programme, self.partner, self.today)?;
        let made = tokenise(
            &job,
            self.key,
            Some(self.signing),
            entry.max_rejected,
            (&parcel.making(), now),
            &mut SystemRandom::new(),
            &mut reading,
        );
        reading.0.finish();
        fate.report = Some(parcel.report_path());
        let report = match made {
            Ok((report, _)) => report,
            Err(error) => {
                match report_of(&error) {
                    Some(report) => {
                        fate.rows = Some(report.rows);
                        kept(&parcel, &paper(&job, report, now, entry.max_rejected, Some(&error)))?;
                    }
                    None => fate.report = None,
                }
                parcel.came_to_nothing().map_err(outbox)?;
                return Err(error.into());
            }
        };
        if let Err(changed) = extract.is_unchanged() {
            // Of neither file, and of rows of both: it goes at once, not when the next run tidies.
            fate.report = None;
            parcel.came_to_nothing().map_err(outbox)?;
            return Err(changed);
        }
        fate.rows = Some(report.rows);
        fate.rejected_unasked(entry);
        kept(&parcel, &paper(&job, &report, now, entry.max_rejected, None))?;
        parcel.made().map_err(outbox)?;
        Ok(parcel)
    }

    /// Sends a parcel's package; it is done when its receipt is there and proves it.
    fn hand_over(&self, client: &Client, parcel: &Parcel, fate: &mut Fate) -> Result<(), Trouble> {
        let package = parcel.package()?;
        fate.rows = Some(package.manifest.kobling.rows);
        fate.report = Some(parcel.report_path());
        let mut progress = Progress::of(package.manifest.resources[0].bytes);
        let outcome = upload(client, &package, &package.signature()?, |sent| progress.at(sent));
        progress.finish();
        let outcome = outcome?;
        let signed: SignedReceipt = kobling::client::parse(&outcome.receipt)?;
        let receipt = self.proof(&signed, &package)?;
        parcel.keep_receipt(&outcome.receipt).map_err(outbox)?;
        fate.received(&receipt);
        fate.receipt = Some(parcel.receipt_path());
        fate.what = What::Sent;
        self.forget_rows(parcel)
    }

    /// The receipt that a parcel has, where it proves that the service has the package.
    fn received(&self, parcel: &Parcel) -> Result<Option<Receipt>, Trouble> {
        match parcel.receipt().map_err(outbox)? {
            Some(signed) => self.proof(&signed, &parcel.package()?).map(Some).map_err(|trouble| {
                let path = parcel.receipt_path();
                let say = |language| format!("{}: {}", path.display(), message(&trouble, language));
                let words = both(say(Language::Da), say(Language::En));
                if status(&trouble) == 4 { Trouble::Key(words) } else { Trouble::Usage(words) }
            }),
            None => Ok(None),
        }
    }

    /// Holds a receipt against the service's key and against the package that it is to be for.
    fn proof(&self, signed: &SignedReceipt, package: &Package) -> Result<Receipt, Trouble> {
        let Some(service) = self.service else {
            return Err(Trouble::Usage(both(
                "skriv service_public i kobling.toml: uden den kan ingen kvittering efterprøves",
                "write service_public in kobling.toml: without it no receipt can be verified",
            )));
        };
        let receipt = signed.verify(service).map_err(|error| Trouble::Key(Box::new(error)))?;
        if is_for(&receipt, package) {
            return Ok(receipt);
        }
        Err(Trouble::Key(both(
            "kvitteringen er tjenestens, men ikke for denne pakke: pakken regnes ikke for modtaget; sig det til driften",
            "the receipt is the service's own, but not for this package: the package does not count as received; tell the operator",
        )))
    }

    /// Removes the rows of a package that was received, unless they are to be kept.
    fn forget_rows(&self, parcel: &Parcel) -> Result<(), Trouble> {
        // A dry run writes nothing.
        if self.keep_packages || self.client.is_none() {
            return Ok(());
        }
        parcel.drop_rows().map_err(outbox)
    }

    /// Settles a parcel without a receipt, for which a newer one is made. Where the service has all of it after all, its
    /// receipt is fetched; else it is given up, here and where it was begun at the service. A service that cannot be
    /// asked leaves it for the next run.
    fn settle(&self, client: &Client, parcel: &Parcel) -> Result<Option<Receipt>, Trouble> {
        let (Ok(package), Ok(uploads)) = (parcel.package(), client.packages()) else { return Ok(None) };
        let manifest = Sha256Hex::of(&package.manifest_bytes).to_string();
        for upload in uploads.iter().filter(|upload| upload.manifest_sha256 == manifest) {
            match upload.state.as_str() {
                "complete" | "replaced" => {
                    let text = client.fetch(&format!("/v1/uploads/{}/receipt", upload.id))?;
                    let receipt = self.proof(&kobling::client::parse(&text)?, &package)?;
                    parcel.keep_receipt(&text).map_err(outbox)?;
                    return self.forget_rows(parcel).map(|()| Some(receipt));
                }
                // What nobody carries on is dropped by the service itself after some days.
                "open" => drop(client.end_upload(&upload.id)),
                _ => {}
            }
        }
        parcel.give_up().map(|()| None).map_err(outbox)
    }
}

/// Whether a receipt is for the upload of a package: every fact that both name.
pub(crate) fn is_for(receipt: &Receipt, package: &Package) -> bool {
    let head = &package.manifest.kobling;
    let manifest = Sha256Hex::of(&package.manifest_bytes).to_string();
    let text = |name: &str, wanted: &str| matches!(receipt.subject.item(name), Some(Item::Text(text)) if text == wanted);
    receipt.kind == ReceiptKind::Upload
        && receipt.programme == head.programme
        && receipt.partner == head.partner
        && text("package", &receipt.id)
        && text("dataset", head.dataset.as_str())
        && text("manifest", &manifest)
        && count(receipt, "rows") == Some(head.rows.sent)
        && count(receipt, "bytes") == Some(package.manifest.resources[0].bytes)
}

#[cfg(test)]
#[path = "one_tests.rs"]
mod tests;
