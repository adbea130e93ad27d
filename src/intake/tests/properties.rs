//! What holds for every package and every damage to one.

use super::*;

proptest! {
    #[test]
    fn any_chunking_gives_the_rows_of_the_slow_parser(
        blocks in blocks(), chunks in prop::collection::vec(1usize..300, 1..6),
    ) {
        let (manifest, data) = (manifest(&blocks), blocks.concat());
        let (staged, received) = receive(&manifest, &data, &[usize::MAX]).expect("valid");
        prop_assert_eq!(&receive(&manifest, &data, &chunks).expect("valid").0, &staged);
        let expected = slow(&data).expect("valid");
        prop_assert_eq!(received.rows, expected.len() as u64);
        prop_assert_eq!(received.anonymous(), expected.iter().filter(|row| row.0[0].is_none()).count() as u64);
        prop_assert_eq!(rows(&staged), expected);
    }

    #[test]
    fn any_change_of_a_byte_is_refused_by_its_digest(
        blocks in blocks(), at in any::<prop::sample::Index>(), flip in 1..=255u8,
    ) {
        let (manifest, mut data) = (manifest(&blocks), blocks.concat());
        let at = at.index(data.len());
        data[at] ^= flip;
        let mut reached = 0;
        let block = blocks.iter().position(|b| { reached += b.len(); at < reached }).expect("one") as u32;
        let refusal = receive(&manifest, &data, &[97]).err();
        let right = matches!(refusal, Some(IntakeRefusal::BlockDigest { block: refused }) if refused == block);
        prop_assert!(right, "{:?}", refusal);
    }

    #[test]
    fn a_signed_change_is_read_as_the_slow_parser_reads_it_or_refused(
        blocks in blocks(), at in any::<prop::sample::Index>(), cut in 0..3usize,
        put in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b','), b'0'..=b'9', Just(b'-'), Just(b'.')], 0..3),
    ) {
        let mut data = blocks.concat();
        let at = at.index(data.len());
        let end = (at + cut).min(data.len());
        data.splice(at..end, put);
        let received = one_block(&data);
        let expected = slow(&data);
        prop_assert_eq!(received.is_ok(), expected.is_some(), "{:?}", received.err());
        if let (Ok((staged, _)), Some(expected)) = (one_block(&data), expected) {
            prop_assert_eq!(rows(&staged), expected);
        }
    }

    #[test]
    fn no_bytes_panic(
        header in any::<bool>(), data in prop::collection::vec(any::<u8>(), 1..200), text in "[a-z0-9.,\n-]{0,200}",
    ) {
        for body in [&data[..], text.as_bytes()] {
            let data = if header { [HEADER.as_bytes(), body].concat() } else { body.to_vec() };
            if !data.is_empty() {
                prop_assert_eq!(one_block(&data).is_ok(), slow(&data).is_some());
            }
        }
    }

    #[test]
    fn a_measure_is_read_as_the_slow_parser_reads_it(cost in "-?[0-9]{0,12}\\.?[0-9]{0,3}", nights in "-?[0-9]{0,21}") {
        let data = format!("{HEADER},,{},,2022-05-01,in,{cost},{nights}\n", token("case", 1));
        let received = one_block(data.as_bytes());
        prop_assert_eq!(received.as_ref().ok().map(|(staged, _)| rows(staged)), slow(data.as_bytes()));
    }

    #[test]
    fn an_upload_that_breaks_off_anywhere_goes_on_to_the_same_file(
        blocks in blocks(), cut in any::<prop::sample::Index>(),
    ) {
        let (manifest, data) = (manifest(&blocks), blocks.concat());
        let whole = receive(&manifest, &data, &[usize::MAX]).expect("valid");
        let opened = Arc::new(open_signed(&manifest).expect("valid"));
        let mut first = receiver(&opened, &[]).expect("new");
        let mut staged = Vec::new();
        first.feed(&data[..cut.index(data.len())], &mut staged).expect("valid");
        let offset = first.offset() as usize;
        drop(first);
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("staged");
        let vault = stage(&path, &staged);
        let layout = Layout::of(&programme().datasets[0]);
        let (_, frames) = staged::open_for_append(&vault, &path, &layout).expect("open");
        let mut second = receiver(&opened, &frames).expect("the same package");
        prop_assert_eq!(second.offset() as usize, offset);
        second.feed(&data[offset..], &mut staged).expect("valid");
        prop_assert_eq!(second.finish().expect("whole"), whole.1);
        prop_assert_eq!(staged, whole.0);
    }
}
