//! Every ceiling of the project in one place, so that one page answers "how large may it be?".
//!
//! A limit is a refusal with advice, never a silent cut. Any room may read these; none may define
//! its own.

/// Longest line of a partner's extract, in bytes. A longer one is a damaged file, not a row.
pub const MAX_LINE_BYTES: usize = 1 << 20;
/// Most columns an extract may have; the ones a dataset does not name are dropped.
pub const MAX_EXTRACT_COLUMNS: usize = 1024;
/// Largest block of whole rows in a package, in bytes: the unit that is verified and made durable.
pub const MAX_BLOCK_BYTES: usize = 1 << 20;
/// Largest `datapackage.json`, in bytes. A 64 GiB package has 65,536 block digests of about 70 bytes.
pub const MAX_MANIFEST_BYTES: usize = 8 << 20;
/// Largest `data.csv`, in bytes.
pub const MAX_PACKAGE_BYTES: u64 = 64 << 30;
/// Most different persons of one package: more than have ever been given a CPR number.
pub const MAX_PACKAGE_PERSONS: u32 = 12_000_000;
/// Growth from one package to the next, in persons, from which on a package that has more than doubled is noted.
pub const NOTED_GROWTH: u64 = 1000;
/// Birth dates for which an extract's numbers are held while they are looked at: from the oldest that a CPR number can
/// have, 1 January 1858, to the youngest, 31 December 2057. A date takes 1,250 bytes at most, 91 MB all of them.
pub const MAX_BIRTH_DATES: usize = 73_049;
/// Largest programme definition, in bytes.
pub const MAX_PROGRAMME_BYTES: usize = 1 << 20;
/// Largest mapping of a partner's columns, in bytes.
pub const MAX_MAPPING_BYTES: usize = 1 << 20;
/// Largest key file, in bytes: comments and one line.
pub const MAX_KEY_FILE_BYTES: u64 = 16 << 10;
/// Largest key file wrapped with `age`, in bytes: a key file, and a line for each of [`MAX_RECIPIENTS`].
pub const MAX_WRAPPED_KEY_BYTES: u64 = 128 << 10;
/// Most recipients of one wrapped key: as many as partners.
pub const MAX_RECIPIENTS: usize = MAX_PARTNERS;
/// Most shares of one linkage key.
pub const MAX_KEY_SHARES: u8 = 32;
/// Most codes of one category column: a sealed code is one byte, and 255 means missing.
pub const MAX_CODES: usize = 254;
/// Most datasets of a programme.
pub const MAX_DATASETS: usize = 64;
/// Most partners of a programme: a row's source is one byte.
pub const MAX_PARTNERS: usize = 200;
/// Most columns of one dataset.
pub const MAX_DATASET_COLUMNS: usize = 64;
/// Longest case or staff number after trimming, in bytes of UTF-8.
pub const MAX_LOCAL_ID_BYTES: usize = 64;
/// Most lines that a quality report names for one reason, and for one reason in one column; beyond them they are counted.
pub const MAX_LISTED_LINES: usize = 100;
/// Most different unknown texts of one column that a quality report tells apart; beyond it there are "at least" so many.
pub const MAX_UNKNOWN_TEXTS: usize = 1000;
/// Rows that may wait in memory to be shuffled before they spill to disk under a one-time key, in bytes.
/// The page has no disk to spill to: beyond its limit, it refuses.
pub const SHUFFLE_MEMORY_BYTES: usize = if cfg!(target_family = "wasm") { 1 << 30 } else { 256 << 20 };
/// Memory for rows that a seal takes unless told otherwise, in bytes; beyond it rows wait on disk.
pub const SEAL_MEMORY_BYTES: u64 = 512 << 20;
/// Memory for the rows of the snapshot in force while questions are answered, unless told otherwise, in bytes. Datasets
/// come in when a question first reads them, and those used longest ago go.
pub const QUESTION_MEMORY_BYTES: u64 = 8 << 30;
/// Most consent events in one request.
pub const MAX_CONSENT_BATCH: usize = 10_000;
/// Most tokens in one look-up of a follow-up.
pub const MAX_LOOKUP_TOKENS: usize = 1000;
/// Longest label that a case worker gives a look-up, in bytes.
pub const MAX_LOOKUP_LABEL_BYTES: usize = 64;
/// Days for which it is kept that a person was looked up, by whom and under which label.
pub const LOOKUP_RETENTION_DAYS: i32 = 365;
/// Most consent events of one person at one partner; beyond it no yes is taken, and every no is.
pub const MAX_CONSENTS_OF_PERSON: usize = 1_000;
/// Largest file of consents that is imported, in bytes. All of a person's events lie in the same file, so a long list is
/// divided by person.
pub const MAX_EXCHANGE_BYTES: usize = 256 << 20;
/// Most events of one person in a file of consents.
pub const MAX_EXCHANGE_EVENTS: usize = 200;
/// Largest JSON request body outside uploads, in bytes.
pub const MAX_JSON_BODY_BYTES: usize = 8 << 20;
/// Most uploads that one partner may have open at a time.
pub const MAX_OPEN_UPLOADS: usize = 32;
/// Most aliases in one package.
pub const MAX_ALIASES_PER_PACKAGE: u64 = 50_000;
/// Most proposed aliases of one partner that may wait for the steward's decision.
pub const MAX_OPEN_ALIASES: u64 = 100_000;
/// An upload that no byte has reached for this long is dropped, in hours.
pub const UPLOAD_EXPIRY_HOURS: i64 = 72;
/// Answers to questions, reports and payments leave at multiples of this since their request came in.
pub const ANSWER_TICK: std::time::Duration = std::time::Duration::from_millis(50);
/// Until when they do so: work that takes longer is answered at multiples of [`ANSWER_LATE_TICK`].
pub const ANSWER_TICKS_UNTIL: std::time::Duration = std::time::Duration::from_secs(1);
/// The tick of late answers: a multiple of the first, that divides the moment from which it is taken.
pub const ANSWER_LATE_TICK: std::time::Duration = std::time::Duration::from_millis(250);
/// Most dimensions of one answer besides the period (rule R6).
pub const MAX_DIMENSIONS: usize = 3;
/// Most cells of one answer: every combination of codes is one, whether anybody is in it or not.
pub const MAX_CELLS: u64 = 10_000;
/// Most persons of a programme's spine: person numbers are `u32`, and 0 means "no person".
pub const MAX_PERSONS: u32 = u32::MAX - 1;
/// Most stages that one question names, and most different events that it reads of one dataset: a set of them is one
/// word of 64 bits.
pub const MAX_QUESTION_EVENTS: usize = 64;
/// Most conditions, elements, indicators, series or numbers of days of one question.
pub const MAX_QUESTION_PARTS: usize = 64;
/// Longest window, follow-up or wait that a question may name, in days.
pub const MAX_FOLLOW_UP_DAYS: u32 = 3650;
/// Most that one row may be worth, in øre: 18 million such rows still fit in 64 bits.
pub const MAX_ROW_OERE: u64 = 1_000_000_000_000;
/// Most cells of a system that is audited.
pub const MAX_AUDIT_CELLS: usize = 1 << 20;
/// Most terms of all its rows together, and of all its cells written as sums of free ones.
pub const MAX_AUDIT_TERMS: usize = 1 << 22;
/// Most that the coefficients of one row may come to, so that no sum overflows.
pub const MAX_AUDIT_WEIGHT: usize = 1 << 20;
/// Largest value of a cell that an audit reckons with.
pub const MAX_AUDIT_VALUE: u64 = 1 << 40;
/// Largest directory of a workbook's parts, in bytes: some ten thousand parts, where a workbook has a few dozen.
pub const MAX_WORKBOOK_DIRECTORY_BYTES: u64 = 1 << 20;
/// Most that a sheet may unpack to, in bytes. A full sheet of twenty columns takes about a gigabyte.
pub const MAX_SHEET_BYTES: u64 = 16 << 30;
/// Most that a workbook's other parts may unpack to, in bytes each.
pub const MAX_WORKBOOK_PART_BYTES: u64 = 64 << 20;
/// Most bytes that a byte of a workbook may unpack to, beyond the first 64 MiB. Sheets come to 10 to 30.
pub const MAX_WORKBOOK_RATIO: u64 = 250;
/// Longest list of texts that a workbook's cells share, in bytes of text: it stays in memory while the sheet is read.
pub const MAX_SHARED_TEXT_BYTES: usize = 256 << 20;
/// Most of these texts.
pub const MAX_SHARED_TEXTS: usize = 16 << 20;
/// Most sheets, and most cell formats, of a workbook. Spreadsheets write at most 65,490 formats.
pub const MAX_WORKBOOK_ITEMS: usize = 1 << 16;
/// Largest workbook or Parquet file on standard input, in bytes: it has to be kept, as its directory is at its end.
pub const MAX_KEPT_INPUT_BYTES: usize = 256 << 20;
/// Largest footer of a Parquet file that is read, in bytes.
pub const MAX_TABLE_FOOTER_BYTES: u64 = 16 << 20;
/// Largest page of a Parquet file, unpacked, in bytes. Writers make them of one megabyte, some of a hundred.
pub const MAX_TABLE_PAGE_BYTES: u64 = 128 << 20;
/// Most words of a page's dictionary.
pub const MAX_TABLE_WORDS: u64 = 1 << 22;
/// How long somebody signed in to the pages may do nothing, in minutes.
pub const SESSION_IDLE_MINUTES: i64 = 20;
/// How long a session lasts at most, in hours.
pub const SESSION_HOURS: i64 = 8;
/// Most sessions of one principal at a time.
pub const MAX_SESSIONS_OF_ONE: usize = 10;
/// Largest form that a page sends, in bytes.
pub const MAX_FORM_BYTES: usize = 64 << 10;
/// Most answers that one report of the pages holds.
pub const MAX_REPORT_ANSWERS: usize = 30;
/// Longest title of such a report, in characters.
pub const MAX_REPORT_TITLE: usize = 200;
/// How long a bearer token is good unless told otherwise, in days.
pub const TOKEN_DAYS: u16 = 400;
/// How long it may be good at most, in days.
pub const MAX_TOKEN_DAYS: u16 = 1100;
/// How long the old token stays good beside a new one unless told otherwise, in hours.
pub const TOKEN_OVERLAP_HOURS: u16 = 24;
/// How long it may stay so at most, in hours: 90 days.
pub const MAX_TOKEN_OVERLAP_HOURS: u16 = 2160;
/// From how many days before its end on a token is said to end soon.
pub const TOKEN_ENDS_SOON_DAYS: i64 = 30;
/// Most good tokens of one principal at a time.
pub const MAX_TOKENS_OF_ONE: usize = 5;
/// How long signing in at an identity provider may take, in minutes.
pub const SIGN_IN_MINUTES: i64 = 10;
/// Most of such sign-ins under way at a time.
pub const MAX_SIGN_INS_UNDER_WAY: usize = 1000;
