//! What is sealed reads back; what was cut, flipped, reordered, exchanged or of another vault does not.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::sealed::CHUNK;
use super::*;
use crate::key::Example;
use crate::secret::SeededRandom;

fn bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; length];
    SeededRandom::from_number(seed).fill(&mut bytes);
    bytes
}

fn seal(vault: &Vault, path: &Path, name: &str, plain: &[u8], step: usize) {
    let mut out = SealedWriter::new(vault, fs::File::create(path).expect("created"), name).expect("begun");
    plain.chunks(step.max(1)).for_each(|part| out.write_all(part).expect("written"));
    out.finish().expect("ended");
}

fn whole(vault: &Vault, path: &Path, name: &str) -> std::io::Result<Vec<u8>> {
    let mut read = Vec::new();
    let file = Arc::new(SealedFile::open(vault, path, name)?);
    SealedReader::new(file, 0).read_to_end(&mut read)?;
    Ok(read)
}

fn refused<T>(done: std::io::Result<T>) -> Option<Unsealed> {
    Unsealed::of(&done.err()?)
}

/// Lengths about the ends of chunks, and others.
fn length() -> impl Strategy<Value = usize> {
    let near = (0usize..4, -2isize..3).prop_map(|(chunks, by)| (chunks * CHUNK).saturating_add_signed(by));
    prop_oneof![near, 0usize..3 * CHUNK]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_sealed_file_reads_back_anywhere_and_shows_nothing(
        length in length(), step in 1usize..200_000, places in prop::collection::vec((any::<prop::sample::Index>(), 0usize..150_000), 1..6),
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a");
        let (vault, plain) = (Vault::throwaway(), bytes(length, 1));
        seal(&vault, &path, "x/a", &plain, step);
        prop_assert!(whole(&vault, &path, "x/a").expect("opens") == plain);
        let file = Arc::new(SealedFile::open(&vault, &path, "x/a").expect("opens"));
        prop_assert_eq!(file.len(), length as u64);
        for (at, want) in places {
            let at = at.index(length + 1);
            let mut reader = SealedReader::new(Arc::clone(&file), 7);
            reader.seek(SeekFrom::Start(at as u64)).expect("a place");
            let mut read = Vec::new();
            reader.take(want as u64).read_to_end(&mut read).expect("reads");
            prop_assert!(read == plain[at..length.min(at + want)]);
        }
        let stored = fs::read(&path).expect("read");
        prop_assert!(length < 16 || !stored.windows(16).any(|window| window == &plain[..16]));
    }

    #[test]
    fn a_sealed_file_cut_flipped_or_longer_is_refused(length in length(), at in any::<prop::sample::Index>(), flip in 1u8..) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a");
        let vault = Vault::throwaway();
        seal(&vault, &path, "x/a", &bytes(length, 2), 70_000);
        let stored = fs::read(&path).expect("read");
        fs::write(&path, &stored[..at.index(stored.len())]).expect("written");
        prop_assert!(refused(whole(&vault, &path, "x/a")).is_some(), "cut");
        fs::write(&path, [&stored[..], &[flip]].concat()).expect("written");
        prop_assert!(refused(whole(&vault, &path, "x/a")).is_some(), "longer");
        let mut damaged = stored;
        let at = at.index(damaged.len());
        damaged[at] ^= flip;
        fs::write(&path, &damaged).expect("written");
        prop_assert!(refused(whole(&vault, &path, "x/a")).is_some(), "flipped at {at}");
    }

    #[test]
    fn frames_read_back_and_what_is_torn_is_cut_and_written_again(
        lengths in prop::collection::vec(0usize..3000, 1..8), cut in any::<prop::sample::Index>(), flip in 0u8..,
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a");
        let vault = Vault::throwaway();
        let frames: Vec<Vec<u8>> = lengths.iter().zip(0..).map(|(length, seed)| bytes(*length, seed)).collect();
        let read = || {
            let mut read = Vec::new();
            let mut end = 0;
            if let Some(mut reader) = FrameReader::open(&vault, &path, "s/a").expect("opens") {
                while let Some(frame) = reader.next().expect("reads") {
                    read.push(frame.to_vec());
                }
                end = reader.whole();
            }
            (read, end)
        };
        // Appended over two openings.
        let mut ends = Vec::new();
        let mut file = FrameFile::append_to(&vault, &path, "s/a", |_| Ok(true)).expect("made");
        for (at, frame) in frames.iter().enumerate() {
            if at == frames.len() / 2 {
                file = FrameFile::append_to(&vault, &path, "s/a", |_| Ok(true)).expect("opened again");
            }
            file.put(frame).expect("appended");
            ends.push(fs::metadata(&path).expect("there").len());
        }
        drop(file);
        prop_assert!(read() == (frames.clone(), *ends.last().expect("a frame")));
        let mut stored = fs::read(&path).expect("read");
        let head = ends[0] as usize - 16 - 16 - frames[0].len();
        let at = head + cut.index(stored.len() - head);
        if flip == 0 {
            stored.truncate(at);
        } else {
            stored[at] ^= flip;
        }
        fs::write(&path, &stored).expect("written");
        let left = ends.iter().filter(|end| **end <= at as u64).count();
        prop_assert!(read().0 == frames[..left]);
        let mut file = FrameFile::append_to(&vault, &path, "s/a", |_| Ok(true)).expect("opened");
        for frame in &frames[left..] {
            file.put(frame).expect("appended");
        }
        drop(file);
        prop_assert!(read().0 == frames);
        prop_assert!(fs::read(&path).expect("read")[head..] != stored[head..], "under other nonces");
    }

    #[test]
    fn scratch_is_what_was_written_last(
        writes in prop::collection::vec((0u64..100_000, 1usize..50_000), 1..20),
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a");
        let file = fs::OpenOptions::new().read(true).write(true).create_new(true).open(&path).expect("created");
        let scratch = Scratch::new(file);
        let (mut model, mut known) = (vec![0u8; 200_000], vec![false; 200_000]);
        for ((at, length), seed) in writes.into_iter().zip(0..) {
            let plain = bytes(length, seed);
            scratch.write(at, &plain).expect("written");
            let place = at as usize..at as usize + length;
            model[place.clone()].copy_from_slice(&plain);
            known[place.clone()].fill(true);
            let stored = fs::read(&path).expect("read");
            prop_assert!(length < 16 || !stored.windows(16).any(|window| window == &plain[..16]));
        }
        let mut from = 0;
        while let Some(start) = known[from..].iter().position(|known| *known).map(|at| from + at) {
            let end = known[start..].iter().position(|known| !known).map_or(known.len(), |at| start + at);
            let mut read = vec![0; end - start];
            scratch.read(start as u64, &mut read).expect("read");
            prop_assert!(read == model[start..end]);
            from = end;
        }
    }
}

#[test]
fn attack_a_file_under_another_name_or_of_another_service_does_not_open() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("a");
    let (mine, theirs) = (Vault::throwaway(), Vault::throwaway());
    seal(&mine, &path, "snapshot/a", b"rows", 4);
    assert_eq!(whole(&mine, &path, "snapshot/a").expect("opens"), b"rows");
    assert_eq!(refused(whole(&mine, &path, "snapshot/b")), Some(Unsealed::Refused));
    assert_eq!(refused(whole(&theirs, &path, "snapshot/a")), Some(Unsealed::Refused));
    FrameFile::create(&mine, &path, "staged/a").expect("made").put(b"rows").expect("appended");
    let before = fs::read(&path).expect("read");
    for (vault, name) in [(&mine, "staged/b"), (&theirs, "staged/a")] {
        // Under another name the head still opens, and no frame does: only the vault and the salt are in it.
        let read = FrameReader::open(vault, &path, name).and_then(|reader| match reader {
            Some(mut reader) => Ok(reader.next()?.map(<[u8]>::to_vec)),
            None => Ok(None),
        });
        assert!(!matches!(read, Ok(Some(_))), "{name}");
    }
    let other = FrameFile::append_to(&theirs, &path, "staged/a", |_| Ok(true));
    assert_eq!(refused(other), Some(Unsealed::Refused));
    assert_eq!(fs::read(&path).expect("read"), before, "a wrong key cuts nothing off");
}

#[test]
fn attack_chunks_and_frames_in_another_order_or_from_another_file_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    let vault = Vault::throwaway();
    for path in [&a, &b] {
        seal(&vault, path, "x/a", &bytes(3 * CHUNK, 4), CHUNK);
    }
    let (stored, other) = (fs::read(&a).expect("read"), fs::read(&b).expect("read"));
    let message = CHUNK + 16;
    let chunk = |of: &[u8], at: usize| of[36 + at * message..36 + (at + 1) * message].to_vec();
    let made = |parts: &[Vec<u8>]| {
        fs::write(&a, [&stored[..36], &parts.concat()].concat()).expect("written");
        whole(&vault, &a, "x/a")
    };
    let (one, two, three) = (chunk(&stored, 0), chunk(&stored, 1), chunk(&stored, 2));
    assert!(made(&[one.clone(), two.clone(), three.clone()]).is_ok());
    assert_eq!(refused(made(&[two.clone(), one.clone(), three.clone()])), Some(Unsealed::Refused));
    assert_eq!(refused(made(&[one.clone(), two.clone()])), Some(Unsealed::Refused), "cut at a chunk's end");
    assert_eq!(refused(made(&[one.clone(), three.clone()])), Some(Unsealed::Refused));
    assert_eq!(
        refused(made(&[one, two, chunk(&other, 2)])),
        Some(Unsealed::Refused),
        "the same place elsewhere"
    );

    let mut file = FrameFile::create(&vault, &a, "s/a").expect("made");
    for frame in [b"one", b"two", b"six"] {
        file.put(frame).expect("appended");
    }
    let stored = fs::read(&a).expect("read");
    let frame = |at: usize| &stored[52 + at * 35..52 + (at + 1) * 35];
    fs::write(&a, [&stored[..52], frame(1), frame(0), frame(2)].concat()).expect("written");
    let mut reader = FrameReader::open(&vault, &a, "s/a").expect("opens").expect("a head");
    assert!(reader.next().expect("reads").is_none(), "no frame is taken for another");
    assert!(!reader.is_at_end());
}

#[test]
fn attack_scratch_put_back_as_it_was_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("a");
    let file = fs::OpenOptions::new().read(true).write(true).create_new(true).open(&path).expect("created");
    let scratch = Scratch::new(file);
    scratch.write(0, &[1; 100]).expect("written");
    let before = fs::read(&path).expect("read");
    scratch.write(0, &[2; 100]).expect("written");
    fs::write(&path, before).expect("put back");
    assert_eq!(refused(scratch.read(0, &mut [0; 100])), Some(Unsealed::Refused));
    assert!(scratch.read(1 << 20, &mut [0; 1]).is_err(), "where nothing was written");
}

#[test]
fn what_is_in_clear_is_said_to_be() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("a");
    fs::write(&path, b"PAR1 and so on, in clear, as a version before wrote it").expect("written");
    let vault = Vault::throwaway();
    assert_eq!(refused(whole(&vault, &path, "x/a")), Some(Unsealed::Plain));
    assert_eq!(refused(FrameReader::open(&vault, &path, "x/a")), Some(Unsealed::Plain));
    assert_eq!(refused(FrameFile::append_to(&vault, &path, "x/a", |_| Ok(true))), Some(Unsealed::Plain));
    assert!(fs::read(&path).expect("read").starts_with(b"PAR1 and so on"));
}

#[test]
fn keys_come_of_the_service_key_and_of_nothing_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let key = ServiceKey::generate(&mut SeededRandom::from_number(7));
    let path = dir.path().join("service.key");
    key.save(&path, "2026-01-01T00:00:00Z".parse().expect("a moment")).expect("saved");
    let again = ServiceKey::load(&path, Example::Refuse).expect("loaded");
    let text = Vault::of(&key).database_key();
    assert_eq!(*text, *Vault::of(&again).database_key());
    assert_eq!((text.len(), &text[..4]), (68, "raw:"));
    assert_ne!(*text, *Vault::throwaway().database_key());
    let sealed = dir.path().join("a");
    seal(&Vault::of(&key), &sealed, "x", b"rows", 4);
    assert_eq!(whole(&Vault::of(&again), &sealed, "x").expect("opens"), b"rows");
    assert_eq!(format!("{:?}", Vault::of(&key)), "Vault(hidden)");
    // One secret makes a key for each use, and none of them is another.
    let secret = *key.at_rest().expose("a test");
    assert!(!text.contains(&secret.iter().map(|byte| format!("{byte:02x}")).collect::<String>()));
}
