//! Rows that wait on disk to be shuffled: encrypted under a key that exists in memory only, in a file without a name.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::shuffle::PILES;
use crate::secret::{Random, Secret};

/// Encrypted runs of piles in a file without a name.
pub(super) struct Spill {
    file: File,
    key: LessSafeKey,
    /// (nonce, offset, length) of each pile's runs.
    runs: Vec<Vec<(u64, u64, usize)>>,
    written: u64,
    end: u64,
}

impl Spill {
    pub fn new(folder: &Path, random: &mut dyn Random) -> io::Result<Spill> {
        let key: Secret<32> = Secret::generate(random);
        let key = UnboundKey::new(&AES_256_GCM, key.expose("it encrypts what spills"))
            .expect("the key has the cipher's length");
        let file = unnamed(folder)?;
        let runs = vec![Vec::new(); PILES];
        Ok(Spill { file, key: LessSafeKey::new(key), runs, written: 0, end: 0 })
    }

    fn nonce(run: u64) -> Nonce {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&run.to_le_bytes());
        Nonce::assume_unique_for_key(bytes)
    }

    /// Encrypts a pile where it lies, writes it and empties it.
    pub fn write(&mut self, at: usize, pile: &mut Vec<u8>) -> io::Result<()> {
        self.key
            .seal_in_place_append_tag(Spill::nonce(self.written), Aad::empty(), pile)
            .expect("a pile in memory is far below the cipher's limit");
        // Nothing but this writes to the file, and reading moves no place in it.
        self.file.write_all(pile)?;
        self.runs[at].push((self.written, self.end, pile.len()));
        self.written += 1;
        self.end += pile.len() as u64;
        pile.clear();
        Ok(())
    }

    /// Appends all runs of a pile.
    pub fn read(&self, pile: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let mut buffer = Vec::new();
        for (run, offset, length) in &self.runs[pile] {
            buffer.resize(*length, 0);
            read_exact_at(&self.file, &mut buffer, *offset)?;
            let plain = self
                .key
                .open_in_place(Spill::nonce(*run), Aad::empty(), &mut buffer)
                .map_err(|_| io::Error::other("the spilled rows were changed on disk"))?;
            out.extend_from_slice(plain);
        }
        Ok(())
    }
}

/// Reads at a place without moving anybody else's.
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset);
    #[cfg(windows)]
    {
        let (mut done, mut offset) = (0, offset);
        while done < buffer.len() {
            match std::os::windows::fs::FileExt::seek_read(file, &mut buffer[done..], offset)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => {
                    done += read;
                    offset += read as u64;
                }
            }
        }
        Ok(())
    }
}

/// A file that only this process can reach: on Unix it has no name from the moment it is open; elsewhere its name
/// goes when it is closed as far as the system allows, and its content is unreadable without the key in memory.
fn unnamed(folder: &Path) -> io::Result<File> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(format!(".kobling-spill-{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    #[cfg(windows)]
    {
        const DELETE_ON_CLOSE: u32 = 0x0400_0000;
        std::os::windows::fs::OpenOptionsExt::custom_flags(&mut options, DELETE_ON_CLOSE);
    }
    let file = options.open(&path)?;
    #[cfg(unix)]
    std::fs::remove_file(&path)?;
    Ok(file)
}
