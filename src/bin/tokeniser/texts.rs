//! `texts`: what the page says of keys in the words of this library, and the words in which ids are compared.

use std::path::PathBuf;

use kobling::key::{KeyFileError, Kind, words};
use kobling::language::{Language, Spoken as _};
use serde_json::{Value, json};

use crate::save;
use crate::trouble::Trouble;

/// What stands for the file's name, a programme that a file says, and one that is wanted.
const FILE: &str = "{file}";
const FOUND: &str = "{found}";
const WANTED: &str = "{wanted}";

pub(crate) fn write() -> Result<(), Trouble> {
    let path = || PathBuf::from(FILE);
    let kinds = [Kind::Linkage, Kind::Signing, Kind::Service, Kind::Share];
    let absent =
        [Kind::Linkage, Kind::Signing].map(|kind| both(&KeyFileError::Absent { path: path(), kind }));
    let other = [Kind::Linkage, Kind::Signing]
        .map(|wanted| kinds.map(|found| both(&KeyFileError::OtherKind { path: path(), found, wanted })));
    let contradiction = |field| both(&KeyFileError::Contradiction { path: path(), field });
    let all = words(&(0..=u8::MAX).collect::<Vec<_>>());
    let out = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "words": all.split(' ').collect::<Vec<_>>(),
        "absent": absent,
        "otherKind": other,
        "damaged": both(&KeyFileError::Damaged(path())),
        "contradiction": {
            "programme": contradiction("programme"),
            "key id": contradiction("key id"),
            "fingerprint": contradiction("fingerprint"),
        },
        "otherProgramme": both(&KeyFileError::OtherProgramme {
            path: path(),
            found: FOUND.to_owned(),
            wanted: WANTED.to_owned(),
        }),
    });
    save("out.json", &out)
}

fn both(error: &KeyFileError) -> Value {
    json!({ "da": error.say(Language::Da), "en": error.say(Language::En) })
}
