//! What is longer than a key, encrypted to recipients or opened by an identity: written and read as a stream.
//!
//! The same format as wrapped keys (`age`, X25519 recipients alone), without armour. A stream that was cut or changed is an
//! error where it is read, at the latest at its end.

use std::io::{self, Read, Write};

use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor, Encryptor};

use super::handover::{Identities, Recipients};
use crate::language::Spoken;

/// Why a stream cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not encrypted with `age`, or changed at its front.
    #[error("not a file of age, or damaged at its front; is it the right file?")]
    Form,
    /// Encrypted under a passphrase.
    #[error("encrypted under a passphrase, which is not taken here")]
    Passphrase,
    /// Encrypted to others.
    #[error("not encrypted to this identity; give the identity whose recipient it was made for")]
    NotForYou,
    /// It cannot be read.
    #[error("cannot be read")]
    Io(#[source] io::Error),
}

impl Spoken for OpenError {
    fn danish(&self) -> String {
        match self {
            OpenError::Form => "ikke en fil fra age, eller beskadiget i begyndelsen; er det den rigtige fil?",
            OpenError::Passphrase => "krypteret med en adgangssætning, som ikke tages her",
            OpenError::NotForYou => {
                "ikke krypteret til denne identitet; angiv den identitet, hvis modtager den er lavet til"
            }
            OpenError::Io(_) => "kan ikke læses",
        }
        .to_owned()
    }
}

/// A stream on its way to its recipients. Without [`Sealing::finish`] it is one that was cut.
pub struct Sealing<W: Write>(StreamWriter<W>);

impl<W: Write> Sealing<W> {
    /// Begins a stream to all recipients at once.
    ///
    /// # Errors
    /// Whatever `out` says.
    pub fn to(recipients: &Recipients, out: W) -> io::Result<Sealing<W>> {
        let to = recipients.all().iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor =
            Encryptor::with_recipients(to).expect("there is a recipient, and all are of one type");
        Ok(Sealing(encryptor.wrap_output(out)?))
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A stream being read.
pub struct Opened<R: Read>(StreamReader<R>);

impl<R: Read> Opened<R> {
    /// Opens a stream with any of the identities.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn with(identities: &Identities, from: R) -> Result<Opened<R>, OpenError> {
        let refused = |error| match error {
            DecryptError::NoMatchingKeys => OpenError::NotForYou,
            DecryptError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => OpenError::Io(error),
            _ => OpenError::Form,
        };
        let decryptor = Decryptor::new(from).map_err(refused)?;
        if decryptor.is_scrypt() {
            return Err(OpenError::Passphrase);
        }
        let ours = identities.all().iter().map(|identity| identity as &dyn age::Identity);
        Ok(Opened(decryptor.decrypt(ours).map_err(refused)?))
    }
}

impl<R: Read> Read for Opened<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Identities, Recipients) {
        let dir = tempfile::tempdir().expect("a folder");
        let now = crate::clock::Timestamp::from_millis(0);
        let identities = Identities::generate(&dir.path().join("identity.age"), now).expect("made");
        let recipients = Recipients::of(&identities.recipients()).expect("a recipient");
        (identities, recipients)
    }

    #[test]
    fn a_stream_is_read_whole_by_its_recipient_and_by_nobody_else() {
        let (identities, recipients) = pair();
        let text: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
        let mut sealing = Sealing::to(&recipients, Vec::new()).expect("begun");
        sealing.write_all(&text).expect("written");
        let sealed = sealing.finish().expect("finished");
        let read = |bytes: &[u8], identities: &Identities| {
            let mut opened = Opened::with(identities, bytes).map_err(|error| error.to_string())?;
            let mut text = Vec::new();
            opened.read_to_end(&mut text).map_err(|error| error.to_string()).map(|_| text)
        };
        assert_eq!(read(&sealed, &identities), Ok(text));
        assert!(matches!(Opened::with(&pair().0, &sealed[..]), Err(OpenError::NotForYou)));
        assert!(matches!(Opened::with(&identities, &b"not one"[..]), Err(OpenError::Form)));
        for cut in [10, 150, sealed.len() / 2, sealed.len() - 1] {
            assert!(read(&sealed[..cut], &identities).is_err(), "cut at {cut}");
        }
        for at in [30, sealed.len() / 2, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(read(&changed, &identities).is_err(), "changed at {at}");
        }
    }
}
