//! Recording: one person's word, or a list in batches.

use std::io::Write as _;
use std::path::Path;

use kobling::audit::{Item, Receipt, SignedReceipt};
use kobling::client::ClientError;
use kobling::clock::{Clock as _, Day, SystemClock};
use kobling::consent::{ConsentRecord, RecordId};
use kobling::extract::Source;
use kobling::extract::consents::{ConsentListError, ConsentRowError, check_consents, read_consents};
use kobling::language::Spoken as _;
use kobling::limits;
use kobling::secret::{Random as _, SystemRandom};
use kobling::token::Tokeniser;
use zeroize::Zeroizing;

use super::{Common, One};
use crate::exit::{Done, Outcome, Trouble, both, file};
use crate::say::language;
use crate::write::Over;

/// Makes a list of one in memory, and records it as any list.
pub(super) fn single(one: &One, event: &str) -> Outcome {
    let said = &one.common.said;
    let of_all = said.purpose.is_empty() && said.recipient.is_empty() && said.dataset.is_empty();
    if one.names.is_some() && of_all && !one.everything && matches!(event, "withdrawn" | "invalidated") {
        return Err(Trouble::Usage(both(
            "--names alene gør det ikke smallere: uden --purpose, --recipient eller --dataset tages alt tilbage, som personen \
             har sagt ja til, og rækker slettes; angiv, hvad den registrering, du mener, omfatter, eller skriv --everything",
            "--names alone does not narrow it: without --purpose, --recipient or --dataset it takes back everything \
             that the person has said yes to, and rows are erased; give the scope of the record that you mean, or \
             say --everything",
        )));
    }
    let cpr = one.person.read()?;
    let record = one.record.as_ref().map(|record| record.as_str().to_owned()).unwrap_or_else(|| {
        let mut bytes = [0; 8];
        SystemRandom::new().fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    });
    let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
    let time = one.time.unwrap_or_else(|| SystemClock.now());
    let list = Zeroizing::new(format!(
        "cpr,record,event,time,valid_from,valid_to,window_from,window_to,method,names\n{},{record},{event},{time},{},{},{},{},,{}\n",
        cpr.trim(),
        day(one.valid_from),
        day(one.valid_to),
        day(one.rows_from),
        day(one.rows_to),
        one.names.as_ref().map(RecordId::as_str).unwrap_or_default(),
    ));
    drop(cpr);
    let done = send(&Source::Memory(list), &one.common, Some(&record))?;
    if matches!(event, "given" | "renewed") && one.rows_from.is_none() && !one.common.dry.on() {
        let said = language().choose("den dag, det blev sagt", "the day on which it was said");
        let from = one.valid_from.map_or_else(|| said.to_owned(), |day| day.to_string());
        tell!(
            "rækker   fra {from}; ældre med --rows-from (et andet ja til mindre gør det første smallere)",
            "rows     from {from} on; for older ones say --rows-from (a second yes to less narrows the first)"
        );
    }
    Ok(done)
}

/// Records a list.
pub(super) fn list(path: &Path, common: &Common) -> Outcome {
    send(&Source::from_argument(path), common, None)
}

/// Records a list. A list of one has its record's name: it is said before anything is sent, so that after a broken
/// connection the same record can be sent again.
fn send(source: &Source, common: &Common, one: Option<&str>) -> Outcome {
    let (programme, partner, key, signing) = common.who.load()?;
    let client = common.service.connect()?;
    let form = common.said.form(&programme)?;
    let tokeniser = Tokeniser::new(&key, common.who.partner()?, common.who.partner()?);
    let named = |error: ConsentListError| match (error, one) {
        // No list was written by anybody, so no line of one is named.
        (ConsentListError::Rows(rows), Some(_)) => match rows.listed() {
            [(_, ConsentRowError::Identifier(reason)), ..] => Trouble::Files(both(
                format!("CPR-nummeret: {}", reason.danish()),
                format!("the CPR number: {reason}"),
            )),
            [(_, problem), ..] => Trouble::Usage(both(problem.danish(), problem.to_string())),
            [] => ConsentListError::Rows(rows).into(),
        },
        (ConsentListError::Sink(cause), Some(_)) => match cause.downcast::<ClientError>() {
            Ok(client) => (*client).into(),
            Err(cause) => ConsentListError::Sink(cause).into(),
        },
        (error, _) => error.into(),
    };
    let now = SystemClock.now();
    if let Some(path) = &common.receipt {
        common.dry.may_take(path, Over::Never)?;
    }
    // A list that can be read twice is read to its end before any of it is sent: all of it, or nothing.
    if common.dry.on() || !matches!(source, Source::Stdin) {
        let count = check_consents(source, &form, now, (&programme, partner)).map_err(named)?;
        let sends = common
            .dry
            .sends(format!("ville registrere {count} hændelse(r)"), format!("would record {count} event(s)"));
        if !sends {
            if let Some(path) = &common.receipt {
                common.dry.would(path);
            }
            return Ok(Done::Clean);
        }
    }
    if let Some(name) = one {
        tell!("registreret som {name}", "record   {name}");
    }
    let mut receipts: Vec<Vec<u8>> = Vec::new();
    let sink = |records: Vec<ConsentRecord>| {
        receipts.push(client.record_consents(key.id(), &records, &signing)?);
        Ok(())
    };
    let count =
        read_consents(source, &form, &tokeniser, now, limits::MAX_CONSENT_BATCH, sink).map_err(named)?;
    tell!(
        "{count} hændelse(r) registreret i {} omgang(e)",
        "recorded {count} event(s) in {} batch(es)",
        receipts.len()
    );
    for (id, by) in receipts.iter().filter_map(|receipt| erasure(receipt)) {
        tell!(
            "sletning {id}: rækker, som ingen tillader mere, tages ud af pakkerne nu og af øjebliksbillederne senest {by}",
            "erasure  {id}: rows that nobody permits any more leave the packages now, and the snapshots by {by}"
        );
    }
    if let Some(path) = &common.receipt {
        keep_all(path, &receipts)?;
        tell!("kvittering {}", "receipt  {}", path.display());
    }
    Ok(Done::Clean)
}

/// The erasure that an unverified receipt tells of, and the last day of it.
fn erasure(receipt: &[u8]) -> Option<(String, String)> {
    let signed: SignedReceipt = serde_json::from_slice(receipt).ok()?;
    let receipt: Receipt = serde_json::from_str(&signed.receipt).ok()?;
    let text = |name| match receipt.subject.item(name) {
        Some(Item::Text(text)) => Some(text.clone()),
        _ => None,
    };
    Some((text("erasure")?, text("erase-by")?))
}

/// Keeps receipts, one a line.
pub(crate) fn keep_all(path: &Path, receipts: &[Vec<u8>]) -> Result<(), Trouble> {
    let mut target = std::fs::File::create_new(path).map_err(file(path))?;
    receipts
        .iter()
        .try_for_each(|receipt| target.write_all(receipt.trim_ascii()).and_then(|()| target.write_all(b"\n")))
        .and_then(|()| target.sync_all())
        .map_err(file(path))
}
