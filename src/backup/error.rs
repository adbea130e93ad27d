//! Why a backup was not made, is none, or could not be restored.

use std::path::PathBuf;

use crate::key::OpenError;
use crate::language::Spoken;
use crate::store::StoreError;

/// Why a backup was not made, is none, or could not be restored. Never carries anything of what is in it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be opened.
    #[error("the archive: {0}")]
    Open(#[from] OpenError),
    /// The file system said no.
    #[error("{}: cannot be {doing}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The cause.
        source: std::io::Error,
    },
    /// The archive could not be written.
    #[error("the archive could not be written")]
    Write(#[source] std::io::Error),
    /// Another backup of the folder is being made.
    #[error("another backup of this folder is being made; wait for it to end")]
    UnderWay,
    /// A file that the database names is not there.
    #[error(
        "{0} is named by the database and is not there; run `koblingd doctor`, and restore it from an earlier backup"
    )]
    Missing(String),
    /// The archive was cut or changed.
    #[error("the archive is damaged: cut short, or changed since it was made; take another one")]
    Damaged,
    /// Of a format that is not known here.
    #[error(
        "the archive is of format {0}, which this version does not know; use the koblingd that made it, or a later one"
    )]
    Format(u32),
    /// It holds what no backup holds.
    #[error("the archive holds what no backup holds, and is not unpacked: {0}")]
    Foreign(&'static str),
    /// A file is not what the list says.
    #[error("{0} in the archive is not what its list of digests says; take another archive")]
    Digest(String),
    /// Signed by another service.
    #[error(
        "the archive is not signed by this service: it is of another one, or was put together by somebody else; compare the fingerprint"
    )]
    Signature,
    /// The folder holds something.
    #[error("{}: is there already and holds something; name a new folder", .0.display())]
    NotEmpty(PathBuf),
    /// A restore was cut, or is under way.
    #[error("{}: left of a restore that was cut short, unless one is under way now; remove it", .0.display())]
    Left(PathBuf),
    /// The chain does not lead to where it should.
    #[error("the audit chain in the archive does not lead to the head that it states; take another archive")]
    Chain,
}

impl Spoken for BackupError {
    fn danish(&self) -> String {
        let say = |text: &str| text.to_owned();
        match self {
            BackupError::Store(_) => say("databasen kunne ikke læses eller skrives; se loggen"),
            BackupError::Open(why) => format!("arkivet: {}", why.danish()),
            BackupError::Io { path, doing, .. } => {
                let doing = match *doing {
                    "read" => "læses",
                    "made" => "oprettes",
                    "removed" => "fjernes",
                    "linked" => "knyttes til en kopi",
                    "put in its place" => "sættes på plads",
                    _ => "skrives",
                };
                format!("{}: kan ikke {doing}", path.display())
            }
            BackupError::Write(_) => say("arkivet kunne ikke skrives"),
            BackupError::UnderWay => {
                say("der laves allerede en sikkerhedskopi af denne mappe; vent, til den er færdig")
            }
            BackupError::Missing(name) => {
                format!(
                    "{name} nævnes i databasen og er der ikke; kør `koblingd doctor`, og hent den fra en tidligere sikkerhedskopi"
                )
            }
            BackupError::Damaged => {
                say("arkivet er beskadiget: afkortet, eller ændret siden det blev lavet; tag et andet")
            }
            BackupError::Format(format) => {
                format!(
                    "arkivet har format {format}, som denne udgave ikke kender; brug den koblingd, der lavede det, eller en senere"
                )
            }
            BackupError::Foreign(_) => {
                say("arkivet indeholder noget, som ingen sikkerhedskopi indeholder, og pakkes ikke ud")
            }
            BackupError::Digest(name) => {
                format!(
                    "{name} i arkivet er ikke det, som listen over kontrolsummer siger; tag et andet arkiv"
                )
            }
            BackupError::Signature => say(
                "arkivet er ikke underskrevet af denne tjeneste: det er en andens, eller sat sammen af en anden; sammenlign fingeraftrykket",
            ),
            BackupError::NotEmpty(path) => {
                format!("{}: findes allerede og er ikke tom; angiv en ny mappe", path.display())
            }
            BackupError::Left(path) => {
                format!(
                    "{}: efterladt af en gendannelse, der blev afbrudt, medmindre en er i gang nu; fjern den",
                    path.display()
                )
            }
            BackupError::Chain => {
                say("revisionskæden i arkivet fører ikke til det hoved, arkivet angiver; tag et andet arkiv")
            }
        }
    }
}
