//! Each refusal by its code, and attacks.

use super::*;

/// A file of one row, with one field replaced.
fn with(column: usize, value: &str) -> Vec<u8> {
    let mut fields = [
        token("cpr", 1),
        token("local", 2),
        token("case", 3),
        token("staff", 4),
        "2022-05-01".to_owned(),
        "in".to_owned(),
        "12.50".to_owned(),
        "3".to_owned(),
    ];
    fields[column] = value.to_owned();
    format!("{HEADER}{}\n", fields.join(",")).into_bytes()
}

fn code_of(data: &[u8]) -> &'static str {
    one_block(data).map_or_else(|refusal| refusal.code(), |_| "taken")
}

#[test]
fn every_bad_value_has_its_reason() {
    assert_eq!(code_of(&with(0, &token("xecpr", 1))), "taken");
    for (column, value, code) in [
        (0, "cpr.AAAA", "row-token"),
        (0, "x", "row-token"),
        (0, &*token("case", 1), "row-token-kind"),
        (2, &token("cpr", 1), "row-token-kind"),
        (2, "", "row-missing"),
        (3, &token("case", 1), "row-token-kind"),
        (4, "", "row-missing"),
        (4, "01-05-2022", "row-date"),
        (4, "2022-02-30", "row-date"),
        (4, "2022-03-31", "row-outside-period"),
        (4, "2023-01-01", "row-outside-period"),
        (4, "2022-12-01", "row-future"),
        (5, "IN", "row-code"),
        (5, "0101001234", "row-looks-like-cpr"),
        (5, "", "row-missing"),
        (6, "12.5", "row-number"),
        (6, "012.50", "row-number"),
        (6, "-0.00", "row-number"),
        (6, "+1.00", "row-number"),
        (6, "-50.01", "row-bounds"),
        (7, "99999999999", "row-bounds"),
        (7, "-1", "row-bounds"),
        (7, "3\r", "row-carriage-return"),
        (7, "\"3\"", "row-quote"),
        (7, "\"3,4\"", "row-quote"),
        (7, "3,4", "row-columns"),
        (7, "3\n", "row-columns"),
        (5, "i\0n", "row-nul"),
        (5, "på", "row-code"),
    ] {
        assert_eq!(code_of(&with(column, value)), code, "{column} {value:?}");
    }
    let mut bytes = with(5, "in");
    let at = bytes.len() - 2;
    bytes[at] = 0xE5;
    assert_eq!(code_of(&bytes), "row-encoding");
    assert_eq!(code_of(&bytes[..bytes.len() - 1]), "row-encoding");
    let cut = with(5, "in");
    assert_eq!(code_of(&cut[..cut.len() - 1]), "row-unfinished");
    assert_eq!(code_of(b"person\n"), "header");
    assert_eq!(code_of(b"x"), "header");
}

/// Attack: a CPR number in a column where no token belongs, or instead of a token.
#[test]
fn a_cpr_number_in_any_column_refuses_the_package() {
    let mut random = SeededRandom::from_number(5);
    for _ in 0..20 {
        let made_up = crate::id::generate_made_up_cpr(
            Day::from_ymd(1980, 5, 6).expect("a day"),
            crate::id::Sex::Man,
            &mut random,
        );
        let digits = std::str::from_utf8(&made_up).expect("ASCII");
        let hyphen = format!("{}-{}", &digits[..6], &digits[6..]);
        let forms = [digits, &hyphen, &format!("{digits}.00"), &format!("{}.{}", &digits[..8], &digits[8..])];
        for column in 0..8 {
            for form in forms {
                let refusal = one_block(&with(column, form)).expect_err("refused");
                let said = format!("{refusal} {refusal:?} {}", refusal.advice());
                assert!(!said.contains(digits) && !said.contains(&hyphen), "{said}");
                if !form.contains('.') || column == 6 {
                    assert_eq!(refusal.code(), "row-looks-like-cpr", "{column}");
                }
            }
        }
    }
}

#[test]
fn lines_are_counted_over_blocks() {
    let good = with(0, &token("cpr", 1));
    let bad = &with(5, "x")[HEADER.len()..];
    let blocks = [good.clone(), [&good[HEADER.len()..], bad].concat()];
    let refusal = receive(&manifest(&blocks), &blocks.concat(), &[64]).expect_err("refused");
    assert!(refusal.to_string().starts_with("line 4 of data.csv, column step"), "{refusal}");
}

/// A value planted in every column stands in no refusal, while line and column do.
#[test]
fn a_refusal_names_line_and_column_and_never_the_value() {
    for (column, name) in HEADER.trim_end().split(',').enumerate() {
        let mut data = with(0, &token("cpr", 7));
        data.extend_from_slice(&with(column, "planted-secret")[HEADER.len()..]);
        let refusal = one_block(&data).expect_err("refused");
        let said = format!("{refusal} {refusal:?} {}", refusal.advice());
        assert!(!said.contains("planted"), "{said}");
        assert!(said.contains("line 3") && said.contains(&format!("column {name}")), "{said}");
    }
}

#[test]
fn raw_tokens_are_not_in_the_staged_file() {
    let data = with(0, &token("cpr", 1));
    let staged = one_block(&data).expect("valid").0.concat();
    let holds = |hay: &[u8], needle: &[u8]| hay.windows(needle.len()).any(|window| window == needle);
    for (kind, number) in [("cpr", 1), ("local", 2), ("case", 3), ("staff", 4)] {
        let text = token(kind, number);
        assert!(holds(&data, text.as_bytes()), "the search finds what is there");
        assert!(!holds(&staged, &text.as_bytes()[kind.len() + 1..]));
        assert!(!holds(&staged, &[number; 16]));
    }
}

#[test]
fn after_a_refusal_nothing_more_is_taken() {
    let good = with(0, &token("cpr", 1));
    let mut blocks = vec![good.clone(), good[HEADER.len()..].to_vec(), good[HEADER.len()..].to_vec()];
    let opened = Arc::new(open_signed(&manifest(&blocks)).expect("valid"));
    blocks[1][0] ^= 1;
    let data = blocks.concat();
    let mut receiver = receiver(&opened, &[]).expect("new");
    let mut staged = Vec::new();
    let refusal = receiver.feed(&data, &mut staged).map_err(refused).expect_err("refused");
    assert_eq!(refusal.code(), "block-digest");
    assert_eq!(rows(&staged).len(), 1, "the block before stays");
    assert_eq!(receiver.offset(), blocks[0].len() as u64);
    let again = receiver.feed(&data, &mut staged).map_err(refused).expect_err("refused");
    assert_eq!(again.code(), "already-refused");
    assert_eq!(receiver.finish().expect_err("refused").code(), "already-refused");
}

#[test]
fn too_few_and_too_many_bytes_are_refused() {
    let data = with(0, &token("cpr", 1));
    let manifest = manifest(std::slice::from_ref(&data));
    let refusal = receive(&manifest, &data[..data.len() - 1], &[50]).expect_err("refused");
    assert!(matches!(refusal, IntakeRefusal::Incomplete { arrived: 0, .. }));
    let longer = [&data[..], b"x"].concat();
    assert_eq!(receive(&manifest, &longer, &[50]).expect_err("refused").code(), "too-long");
}

#[test]
fn counts_that_the_rows_do_not_have_are_refused() {
    let data = with(0, &token("cpr", 1));
    let honest = manifest(std::slice::from_ref(&data));
    let mut rows = honest.clone();
    rows.resources[0].blocks[0].rows = 2;
    (rows.kobling.rows.sent, rows.kobling.rows.read, rows.kobling.rows.anonymous) = (2, 2, 1);
    assert_eq!(receive(&rows, &data, &[50]).expect_err("refused").code(), "block-rows");
    let mut kinds = honest.clone();
    kinds.kobling.identifiers = BTreeMap::from([("xecpr".to_owned(), 1)]);
    assert_eq!(receive(&kinds, &data, &[50]).expect_err("refused").code(), "counts");
    let mut anonymous = honest;
    anonymous.kobling.identifiers = BTreeMap::new();
    anonymous.kobling.rows.anonymous = 1;
    assert_eq!(receive(&anonymous, &data, &[50]).expect_err("refused").code(), "counts");
}

#[test]
fn frames_of_another_package_are_not_gone_on_with() {
    let data = with(0, &token("cpr", 1));
    let opened = Arc::new(open_signed(&manifest(std::slice::from_ref(&data))).expect("valid"));
    let mut other = staged::Frame::new(0, &[7; 32]);
    other.end_row();
    assert_eq!(receiver(&opened, &[other.finish().1]).err().expect("refused").code(), "staged-differs");
    let empty = staged::Frame::new(0, Sha256Hex::of(&data).as_bytes());
    assert_eq!(receiver(&opened, &[empty.finish().1]).err().expect("refused").code(), "staged-differs");
    let mut same = staged::Frame::new(0, Sha256Hex::of(&data).as_bytes());
    same.end_row();
    let same = same.finish().1;
    assert!(receiver(&opened, &[same]).is_ok());
    assert_eq!(receiver(&opened, &[same; 2]).err().expect("refused").code(), "staged-differs");
}

#[test]
fn a_disk_that_is_full_ends_the_receiver_without_a_refusal() {
    struct Full;
    impl FrameSink for Full {
        fn put(&mut self, _: &[u8]) -> std::io::Result<()> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
    }
    let data = with(0, &token("cpr", 1));
    let opened = Arc::new(open_signed(&manifest(std::slice::from_ref(&data))).expect("valid"));
    let mut receiver = receiver(&opened, &[]).expect("new");
    assert!(matches!(receiver.feed(&data, &mut Full), Err(ReceiveError::Io(_))));
    assert_eq!(receiver.offset(), 0);
    assert!(receiver.feed(&data, &mut Vec::new()).is_err());
}

#[test]
fn a_package_is_opened_by_its_signature_and_partner_first() {
    let manifest = manifest(&[with(0, "")]);
    let bytes = serde_json::to_vec(&manifest).expect("JSON");
    let key = signing_key();
    let signature = key.sign(SIGNATURE_CONTEXT, &bytes);
    let (a, b) = ("a".parse().expect("a name"), "b".parse().expect("a name"));
    let keys = [SigningKey::from_seed(&mut [5; 32]).verifying_key(), key.verifying_key()];
    let try_open = |bytes: &[u8], signature, partner, keys: &[_], key_id: Option<&str>| {
        let key_id = key_id.map(|id| id.parse().expect("a key id"));
        open(bytes, &signature, Uploader { partner, keys }, &programme(), key_id)
    };
    let (opened, signed_by) =
        try_open(&bytes, signature, &b, &keys, Some("0011223344556677")).expect("valid");
    assert_eq!((opened.dataset, opened.source, signed_by), (0, 1, keys[1]));
    assert_eq!(opened.sha256, Sha256Hex::of(&bytes));
    fn code<T>(result: Result<T, IntakeRefusal>) -> &'static str {
        result.map_or_else(|refusal| refusal.code(), |_| "opened")
    }
    assert_eq!(code(try_open(&bytes, signature, &b, &keys[..1], None)), "signature");
    assert_eq!(code(try_open(&bytes, signature, &b, &[], None)), "no-signing-key");
    let receipt = key.sign("kobling/v1/receipt", &bytes);
    assert_eq!(code(try_open(&bytes, receipt, &b, &keys, None)), "signature");
    assert_eq!(code(try_open(&bytes, signature, &a, &keys, None)), "other-partner");
    let wrong_key = try_open(&bytes, signature, &b, &keys, Some("8899aabbccddeeff"));
    let said = wrong_key.as_ref().expect_err("refused").to_string();
    assert!(said.contains("0011223344556677") && said.contains("8899aabbccddeeff"), "{said}");
    assert_eq!(code(wrong_key), "other-key");
    let mut spaced = bytes.clone();
    spaced.push(b' ');
    assert_eq!(code(try_open(&spaced, signature, &b, &keys, None)), "signature");
    let large = vec![b' '; crate::limits::MAX_MANIFEST_BYTES + 1];
    assert_eq!(code(try_open(&large, signature, &b, &keys, None)), "manifest-too-large");
    let other = |change: fn(&mut Manifest)| {
        let mut changed = manifest.clone();
        change(&mut changed);
        code(open_signed(&changed))
    };
    assert_eq!(other(|m| m.kobling.programme = "x".parse().expect("a name")), "other-programme");
    assert_eq!(other(|m| m.kobling.dataset = "x".parse().expect("a name")), "unknown-dataset");
    assert_eq!(other(|m| m.kobling.format = 2), "manifest-format");
    assert_eq!(other(|m| m.kobling.period = "2021-Q4".parse().expect("a period")), "period");
    assert_eq!(other(|m| m.kobling.rows.read = 5), "manifest-contradiction");
    assert_eq!(other(|m| m.resources[0].schema.fields.reverse()), "columns");
    let signed = key.sign(SIGNATURE_CONTEXT, b"{}");
    assert_eq!(code(try_open(b"{}", signed, &b, &keys, None)), "manifest-form");
}
