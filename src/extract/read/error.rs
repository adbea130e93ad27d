//! Why an extract cannot be read as a whole, in both languages.

use std::io;
use std::path::PathBuf;

use crate::language::Spoken;
use crate::limits;

/// Why an extract cannot be read as a whole. Never carries any of its content.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file system said no.
    #[error("{}: cannot be read", path.display())]
    Io {
        /// The file, `-` for standard input.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A folder, a device or a pipe under a path.
    #[error(
        "{}: this is no file but a folder, a device or a pipe; give the path of a file, or - and the rows on standard input",
        .0.display()
    )]
    NotAFile(PathBuf),
    /// Nothing in it.
    #[error("the file is empty; export it again, with its header line")]
    Empty,
    /// A NUL byte.
    #[error("line {line} has a NUL byte: this is no text file, or a damaged one; export it again as CSV")]
    Nul {
        /// Line, from 1.
        line: u64,
    },
    /// A quotation mark too many or too few.
    #[error(
        "a quotation mark on line {line} begins a field that swallows rows, or never ends; correct it in the case system, or export without the column of free text"
    )]
    Quote {
        /// Line, from 1.
        line: u64,
    },
    /// A line beyond the limit.
    #[error(
        "line {line} is longer than {} bytes: a quotation mark may be missing at its end, or the file is damaged",
        limits::MAX_LINE_BYTES
    )]
    LongLine {
        /// Line, from 1.
        line: u64,
    },
    /// Standard input began as UTF-8 and went on as something else.
    #[error("the text near line {line} is not UTF-8; run again with --encoding windows-1252")]
    Encoding {
        /// Line, from 1.
        line: u64,
    },
    /// More columns than any extract.
    #[error("the header has more than {} columns", limits::MAX_EXTRACT_COLUMNS)]
    ManyColumns,
    /// A file of another kind.
    #[error(transparent)]
    Foreign(#[from] Foreign),
    /// An encoding nobody here knows.
    #[error("the encoding is not known; utf-8, windows-1252, utf-16le and utf-16be are")]
    UnknownEncoding,
    /// A workbook that is damaged, or made to do harm.
    #[error(transparent)]
    Workbook(#[from] WorkbookFault),
    /// A Parquet file that is damaged, or holds what no extract does.
    #[error(transparent)]
    Table(#[from] TableFault),
    /// Rows on several sheets. Sheets are told by number: a name may be somebody's.
    #[error("sheets {} of the workbook have rows (counted from the left, hidden ones too); say which with --sheet NUMBER or --sheet NAME", list(.0))]
    ManySheets(Vec<usize>),
    /// No such sheet.
    #[error("the workbook has no such sheet; it has {0}, counted from the left, hidden ones too")]
    NoSheet(usize),
    /// A workbook without a filled cell.
    #[error("no sheet of the workbook has rows; export it again")]
    NoRows,
    /// No row where the headers should be.
    #[error("the sheet has nothing at or below the row that --header-row names")]
    NoHeader,
    /// Cells that are one across rows: the file has the value once.
    #[error(
        "cells are merged across rows, from row {0} on: the file has their value once; undo the merging in the spreadsheet and fill every row"
    )]
    Merged(u64),
    /// Standard input that is too large to be kept.
    #[error("a workbook or Parquet file of more than {} MiB cannot be read from standard input; give its path", limits::MAX_KEPT_INPUT_BYTES >> 20)]
    LargeInput,
}

fn list(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

impl Spoken for ReadError {
    fn danish(&self) -> String {
        match self {
            ReadError::Io { path, .. } => format!("{}: kan ikke læses", path.display()),
            ReadError::NotAFile(path) => format!(
                "{}: det er ingen fil, men en mappe, en enhed eller et rør; angiv stien til en fil, eller - og giv rækkerne på standard input",
                path.display()
            ),
            ReadError::Empty => "filen er tom; træk den ud igen, med overskriftslinjen".to_owned(),
            ReadError::Nul { line } => format!(
                "linje {line} har en NUL-byte: det er ingen tekstfil, eller den er beskadiget; træk den ud igen som CSV"
            ),
            ReadError::Quote { line } => format!(
                "et anførselstegn på linje {line} begynder et felt, der sluger rækker eller aldrig slutter; ret det i fagsystemet, eller træk ud uden kolonnen med fritekst"
            ),
            ReadError::LongLine { line } => format!(
                "linje {line} er længere end {} bytes: måske mangler et anførselstegn til sidst, eller filen er beskadiget",
                limits::MAX_LINE_BYTES
            ),
            ReadError::Encoding { line } => {
                format!("teksten ved linje {line} er ikke UTF-8; kør igen med --encoding windows-1252")
            }
            ReadError::ManyColumns => {
                format!("overskriften har mere end {} kolonner", limits::MAX_EXTRACT_COLUMNS)
            }
            ReadError::Foreign(foreign) => foreign.danish(),
            ReadError::UnknownEncoding => {
                "tegnsættet kendes ikke; det gør utf-8, windows-1252, utf-16le og utf-16be".to_owned()
            }
            ReadError::Workbook(fault) => fault.danish(),
            ReadError::Table(fault) => fault.danish(),
            ReadError::ManySheets(sheets) => format!(
                "ark {} i projektmappen har rækker (talt fra venstre, skjulte med); sig hvilket med --sheet NUMMER eller --sheet NAVN",
                list(sheets)
            ),
            ReadError::NoSheet(sheets) => {
                format!("projektmappen har intet sådant ark; den har {sheets}, talt fra venstre, skjulte med")
            }
            ReadError::NoRows => "intet ark i projektmappen har rækker; træk den ud igen".to_owned(),
            ReadError::NoHeader => {
                "arket har intet på eller under den række, som --header-row nævner".to_owned()
            }
            ReadError::Merged(row) => format!(
                "celler er flettet på tværs af rækker, fra række {row}: filen har kun deres værdi én gang; ophæv fletningen i regnearket, og udfyld hver række"
            ),
            ReadError::LargeInput => format!(
                "en projektmappe eller Parquet-fil på mere end {} MiB kan ikke læses fra standard input; angiv dens sti",
                limits::MAX_KEPT_INPUT_BYTES >> 20
            ),
        }
    }

    fn because(&self) -> Option<&dyn Spoken> {
        match self {
            ReadError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// A file of a kind that is not read, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// `.xls` of before 2007.
    #[error("this is a workbook of the old kind (.xls); open it and save it as .xlsx or as CSV (UTF-8)")]
    OldWorkbook,
    /// Encrypted by a spreadsheet, or protected by a label.
    #[error(
        "this workbook is locked with a password or a protection label; save it without, in a place that only you can read"
    )]
    Locked,
    /// Another compound file: a document, a message, a damaged workbook.
    #[error(
        "this is an Office file of the old kind, but no workbook; save the extract as .xlsx or as CSV (UTF-8)"
    )]
    OldOffice,
    /// `.xlsb`.
    #[error("this is a binary workbook (.xlsb); open it and save it as .xlsx or as CSV (UTF-8)")]
    BinaryWorkbook,
    /// `.ods`.
    #[error("this is an OpenDocument workbook (.ods); open it and save it as .xlsx or as CSV (UTF-8)")]
    OpenDocument,
    /// Another archive.
    #[error("this is an archive (ZIP) and no workbook; unpack it first")]
    Archive,
    /// gzip, 7z and the like.
    #[error("this is a compressed file; unpack it first")]
    Compressed,
    /// A web page, whatever its name: case systems write them as `.xls`.
    #[error(
        "this is a web page, whatever its name says; open it in a spreadsheet and save it as .xlsx or as CSV (UTF-8)"
    )]
    WebPage,
    /// XML, for instance the spreadsheets of 2003.
    #[error("this is an XML file; open it in a spreadsheet and save it as .xlsx or as CSV (UTF-8)")]
    Xml,
    /// A PDF.
    #[error("this is a PDF; export the rows themselves, as .xlsx or as CSV (UTF-8)")]
    Pdf,
    /// A Parquet file, in a build without it.
    #[error(
        "this is a Parquet file, which this build does not read: take the one with `--features formats`, or save it as CSV (UTF-8)"
    )]
    Parquet,
}

impl Spoken for Foreign {
    fn danish(&self) -> String {
        match self {
            Foreign::OldWorkbook => {
                "det er en projektmappe af den gamle slags (.xls); åbn den, og gem den som .xlsx eller som CSV (UTF-8)"
            }
            Foreign::Locked => {
                "projektmappen er låst med en adgangskode eller en beskyttelsesmærkat; gem den uden, et sted hvor kun du kan læse den"
            }
            Foreign::OldOffice => {
                "det er en Office-fil af den gamle slags, men ingen projektmappe; gem udtrækket som .xlsx eller som CSV (UTF-8)"
            }
            Foreign::BinaryWorkbook => {
                "det er en binær projektmappe (.xlsb); åbn den, og gem den som .xlsx eller som CSV (UTF-8)"
            }
            Foreign::OpenDocument => {
                "det er en OpenDocument-projektmappe (.ods); åbn den, og gem den som .xlsx eller som CSV (UTF-8)"
            }
            Foreign::Archive => "det er et arkiv (ZIP) og ingen projektmappe; pak det ud først",
            Foreign::Compressed => "det er en komprimeret fil; pak den ud først",
            Foreign::WebPage => {
                "det er en webside, uanset hvad filen hedder; åbn den i et regneark, og gem den som .xlsx eller som CSV (UTF-8)"
            }
            Foreign::Xml => {
                "det er en XML-fil; åbn den i et regneark, og gem den som .xlsx eller som CSV (UTF-8)"
            }
            Foreign::Pdf => "det er en PDF; træk selve rækkerne ud, som .xlsx eller som CSV (UTF-8)",
            Foreign::Parquet => {
                "det er en Parquet-fil, som denne udgave ikke læser: tag den med `--features formats`, eller gem filen som CSV (UTF-8)"
            }
        }
        .to_owned()
    }
}

/// What is wrong with a workbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkbookFault {
    /// No whole archive: cut off, as a rule.
    #[error("the workbook is damaged or cut off; save it again")]
    Archive,
    /// A part that is locked or packed in a way no spreadsheet uses.
    #[error(
        "a part of the workbook is locked, or packed in a way that spreadsheets do not use; save it again"
    )]
    Packing,
    /// Parts that lie over each other or have the same name.
    #[error(
        "parts of the workbook lie over each other: no spreadsheet wrote this; save it again from the source"
    )]
    Overlap,
    /// A part that is not there.
    #[error("the workbook lacks {0}; save it again")]
    Missing(&'static str),
    /// A part that does not hold what its checksum says.
    #[error("a part of the workbook is damaged (its checksum is wrong); save it again")]
    Checksum,
    /// A part that is no XML in UTF-8, or holds what none of its kind may.
    #[error("a part of the workbook is damaged (it is not the XML that it should be); save it again")]
    Xml,
    /// Entities of its own.
    #[error(
        "the workbook declares entities of its own, as no spreadsheet does; save it again from the source"
    )]
    Entities,
    /// A part that is larger than any, or grows out of proportion.
    #[error("a part of the workbook unpacks to more than it can hold; save it again, with the rows alone")]
    Bomb,
    /// Too many or too long texts.
    #[error("the workbook's list of texts is larger than {} MiB; save it as CSV (UTF-8)", limits::MAX_SHARED_TEXT_BYTES >> 20)]
    Texts,
    /// A cell that stands before the one that precedes it, or outside any sheet.
    #[error("the cells near row {0} are out of order or outside the sheet; save it again")]
    Order(u64),
    /// A cell that names a text that the workbook does not have.
    #[error("a cell in row {0} names a text that the workbook does not have; save it again")]
    Text(u64),
    /// Rows twice, or rows of which a reader is to choose.
    #[error(
        "the rows of the sheet stand in more than one place, or in alternatives, as no spreadsheet writes them; save it again from the source"
    )]
    Alternatives,
    /// Too many sheets or cell formats.
    #[error(
        "the workbook has more sheets or cell formats than any spreadsheet writes; save it again, with the rows alone"
    )]
    Many,
}

impl Spoken for WorkbookFault {
    fn danish(&self) -> String {
        let text = match self {
            WorkbookFault::Archive => "projektmappen er beskadiget eller afbrudt; gem den igen",
            WorkbookFault::Packing => {
                "en del af projektmappen er låst eller pakket på en måde, som regneark ikke bruger; gem den igen"
            }
            WorkbookFault::Overlap => {
                "dele af projektmappen ligger oven i hinanden: intet regneark har skrevet det; gem den igen fra kilden"
            }
            WorkbookFault::Missing(part) => return format!("projektmappen mangler {part}; gem den igen"),
            WorkbookFault::Checksum => {
                "en del af projektmappen er beskadiget (kontrolsummen passer ikke); gem den igen"
            }
            WorkbookFault::Xml => {
                "en del af projektmappen er beskadiget (den er ikke den XML, den skulle være); gem den igen"
            }
            WorkbookFault::Entities => {
                "projektmappen erklærer egne entiteter, som intet regneark gør; gem den igen fra kilden"
            }
            WorkbookFault::Bomb => {
                "en del af projektmappen fylder mere udpakket, end den kan rumme; gem den igen, kun med rækkerne"
            }
            WorkbookFault::Texts => {
                return format!(
                    "projektmappens liste af tekster fylder mere end {} MiB; gem den som CSV (UTF-8)",
                    limits::MAX_SHARED_TEXT_BYTES >> 20
                );
            }
            WorkbookFault::Order(row) => {
                return format!(
                    "cellerne ved række {row} står ude af rækkefølge eller uden for arket; gem den igen"
                );
            }
            WorkbookFault::Text(row) => {
                return format!(
                    "en celle i række {row} nævner en tekst, som projektmappen ikke har; gem den igen"
                );
            }
            WorkbookFault::Alternatives => {
                "arkets rækker står mere end ét sted eller i flere udgaver, som intet regneark skriver dem; gem den igen fra kilden"
            }
            WorkbookFault::Many => {
                "projektmappen har flere ark eller celleformater, end noget regneark skriver; gem den igen, kun med rækkerne"
            }
        };
        text.to_owned()
    }
}

/// What is wrong with a Parquet file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableFault {
    /// No whole Parquet file.
    #[error("the Parquet file is damaged or cut off; write it again")]
    Damaged,
    /// Lists, structures, or a type without a form in writing.
    #[error(
        "column {0} of the Parquet file (counted from 1) is of a type that is not read; write it as text, whole number, decimal, date or truth value"
    )]
    Type(usize),
    /// A compression that needs code in C.
    #[error(
        "column {0} of the Parquet file (counted from 1) is compressed in a way that is not read; write it with Snappy or without"
    )]
    Compression(usize),
    /// Row groups, pages or a directory that are larger than they may be.
    #[error(
        "a part of the Parquet file is larger than it may be; write it again with row groups of at most a million rows"
    )]
    Large,
}

impl Spoken for TableFault {
    fn danish(&self) -> String {
        match self {
            TableFault::Damaged => "Parquet-filen er beskadiget eller afbrudt; skriv den igen".to_owned(),
            TableFault::Type(at) => format!(
                "kolonne {at} i Parquet-filen (talt fra 1) er af en type, der ikke læses; skriv den som tekst, heltal, decimaltal, dato eller sandhedsværdi"
            ),
            TableFault::Compression(at) => format!(
                "kolonne {at} i Parquet-filen (talt fra 1) er komprimeret på en måde, der ikke læses; skriv den med Snappy eller uden"
            ),
            TableFault::Large => {
                "en del af Parquet-filen er større, end den må være; skriv den igen med rækkegrupper på højst en million rækker"
                    .to_owned()
            }
        }
    }
}
