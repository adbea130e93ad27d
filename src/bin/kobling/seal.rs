//! `kobling seal`: the steward has what was received sealed into a snapshot.

use clap::Args;
use kobling::client::parse;

use crate::exit::{Done, Outcome};
use crate::send::Service;
use crate::write::Dry;

#[derive(Args)]
pub(crate) struct SealArguments {
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    dry: Dry,
}

/// What a seal did, as the service tells it.
#[derive(serde::Deserialize)]
struct Sealed {
    snapshot: Snapshot,
    packages: usize,
    replaced: usize,
    reports: usize,
}

#[derive(serde::Deserialize)]
struct Snapshot {
    id: u32,
    day: String,
}

pub(crate) fn run(arguments: &SealArguments) -> Outcome {
    let client = arguments.service.connect()?;
    let (da, en) = ("ville forsegle det modtagne", "would seal what was received");
    if !arguments.dry.sends(da, en) {
        return Ok(Done::Clean);
    }
    let Sealed { snapshot: Snapshot { id, day }, packages, replaced, reports } =
        parse(&client.post("/v1/seals", b"{}", None)?)?;
    tell!(
        "øjebliksbillede {id} forseglet {day}: {packages} pakke(r), {replaced} afløst, {reports} fast(e) rapport(er)",
        "snapshot {id} sealed on {day}: {packages} package(s), {replaced} replaced, {reports} standing report(s)"
    );
    Ok(Done::Clean)
}
