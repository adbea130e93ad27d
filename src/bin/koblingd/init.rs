//! `koblingd init`.

use std::path::PathBuf;

use clap::Args;
use kobling::clock::{Clock as _, SystemClock};
use kobling::key::{Example, KeyId, ServiceKey};
use kobling::programme::Programme;
use kobling::secret::SystemRandom;
use kobling::service::Service;

use crate::exit::Failure;
use crate::folder::{self, Folder};
use crate::programme;

/// Make a data folder for a programme.
#[derive(Args)]
pub(crate) struct Init {
    #[command(flatten)]
    folder: Folder,
    /// The programme definition.
    #[arg(long, value_name = "FILE")]
    programme: PathBuf,
    /// The linkage key that packages must be made with, by its id; needed where the definition does not state it.
    #[arg(long, value_name = "HEX")]
    key_id: Option<KeyId>,
    /// Make the service key too: a new file, readable by its owner only.
    #[arg(long)]
    new_service_key: bool,
}

impl Init {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let (text, programme) = programme::read(&self.programme)?;
        let key_id = self.expected_key(&programme)?;
        let places = self.folder.places()?;
        folder::outside(&places.data, &places.service_key)?;
        let now = SystemClock.now();
        let key = if self.new_service_key {
            let key = ServiceKey::generate(&mut SystemRandom::new());
            key.save(&places.service_key, now)?;
            key
        } else {
            ServiceKey::load(&places.service_key, Example::Refuse)?
        };
        Service::initialise(&places.data, &programme, &text, key_id, &key, now)?;
        println!("data folder: {}", places.data.display());
        println!("programme: {} version {}", programme.id, programme.version);
        println!("linkage key expected: {key_id}");
        let fingerprint = key.signing_key().verifying_key().fingerprint();
        println!("service fingerprint: {fingerprint}");
        println!("service words: {}", fingerprint.words());
        println!("service public key: {}", key.signing_key().verifying_key());
        println!("Keep the service key apart from every backup of the data folder.");
        Ok(())
    }

    fn expected_key(&self, programme: &Programme) -> Result<KeyId, Failure> {
        match (self.key_id, programme.key_id) {
            (Some(given), Some(stated)) if given != stated => Err(Failure::Configuration(format!(
                "--key-id says {given} and the programme definition {stated}; one of them is wrong"
            ))),
            (Some(id), _) | (None, Some(id)) => Ok(id),
            (None, None) => Err(Failure::Configuration(
                "the programme definition states no key_id: give --key-id, which `kobling key show` prints at the custodian's"
                    .to_owned(),
            )),
        }
    }
}
