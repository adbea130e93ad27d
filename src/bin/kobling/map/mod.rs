//! `kobling map`: the columns of a partner's file, said once.

mod accept;
mod draft;
mod save;
mod show;
mod talk;

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;
use kobling::extract::{Declared, FileForm, Known, Mapping, MappingError, Source, Survey, SurveyError};
use kobling::language::Spoken as _;
use kobling::name::{DatasetId, PartnerId};
use kobling::programme::{Dataset, Programme};

use self::draft::Draft;
use crate::exit::{Done, Outcome, Trouble, both, file};
use crate::settings::{GivenPartner, GivenProgramme};
use crate::write::Dry;

/// `kobling map EXTRACT --programme P.toml --partner ID --dataset ID --out FILE`
#[derive(Args)]
pub(crate) struct MapArguments {
    /// The extract whose columns are mapped.
    extract: Option<PathBuf>,
    #[command(flatten)]
    programme: GivenProgramme,
    #[command(flatten)]
    partner: GivenPartner,
    /// The dataset that it becomes.
    #[arg(long)]
    dataset: Option<DatasetId>,
    /// File to write; it must not exist. DATASET.map.toml when not given.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Hold this mapping against the programme, and against the extract where one is given. Writes nothing.
    #[arg(long, value_name = "MAPPING", conflicts_with_all = ["update", "out", "accept", "dry_run"])]
    check: Option<PathBuf>,
    /// Ask again about what is new or gone, and count the mapping's version up; the old one is kept beside it.
    #[arg(long, value_name = "MAPPING", conflicts_with = "out")]
    update: Option<PathBuf>,
    /// Ask nothing: take what is sure, and refuse where a needed column is not.
    #[arg(long)]
    accept: bool,
    #[command(flatten)]
    dry: Dry,
    /// Encoding: utf-8, windows-1252 or utf-16le; found out when not given.
    #[arg(long)]
    encoding: Option<String>,
    /// Separator, one character; found out when not given.
    #[arg(long)]
    separator: Option<char>,
    /// Sheet of a workbook.
    #[arg(long)]
    sheet: Option<String>,
    /// Row of the headers, from 1; found out when not given.
    #[arg(long)]
    header_row: Option<u32>,
    /// Ask although there is no terminal, and read the answers from standard input.
    #[arg(long, hide = true)]
    interactive: bool,
}

impl From<MappingError> for Trouble {
    fn from(error: MappingError) -> Trouble {
        Trouble::Usage(Box::new(error))
    }
}

impl From<SurveyError> for Trouble {
    fn from(error: SurveyError) -> Trouble {
        match error {
            SurveyError::Read(error) => error.into(),
            _ => Trouble::Files(Box::new(error)),
        }
    }
}

fn usage(da: impl Into<String>, en: impl Into<String>) -> Trouble {
    Trouble::Usage(both(da, en))
}

/// Trouble with a mapping, by name of its file.
fn of_file(path: &Path) -> impl FnOnce(MappingError) -> Trouble {
    let path = path.display().to_string();
    move |error| usage(format!("{path}: {}", error.danish()), format!("{path}: {error}"))
}

/// A mapping of a programme, and its text.
pub(crate) fn load(path: &Path, programme: &Programme) -> Result<(Mapping, String), Trouble> {
    let text = read(path)?;
    let mapping = Mapping::parse_for(&text, programme).map_err(of_file(path))?;
    Ok((mapping, text))
}

fn read(path: &Path) -> Result<String, Trouble> {
    std::fs::read_to_string(path).map_err(file(path))
}

pub(crate) fn run(arguments: &MapArguments) -> Outcome {
    let programme = arguments.programme.load()?;
    match &arguments.check {
        Some(path) => check(arguments, path, &programme),
        None => map(arguments, &programme),
    }
}

fn check(arguments: &MapArguments, path: &Path, programme: &Programme) -> Outcome {
    let text = read(path)?;
    let mapping = Mapping::parse(&text).map_err(of_file(path))?;
    show::heading(path, &mapping);
    if let Some(difference) = mapping.diff(programme).filter(|_| mapping.programme == programme.id) {
        show::difference(&difference);
    }
    Mapping::parse_for(&text, programme).map_err(of_file(path))?;
    if let Some(extract) = &arguments.extract {
        let dataset = dataset(&mapping.partner, &mapping.dataset, programme)?;
        let declared = mapping.declared()?;
        let by = Known { dataset, programme, mapping: Some(&mapping) };
        let survey = Survey::of(&Source::File(extract.clone()), declared, by)?;
        let lost = draft::lost(&mapping, &survey, dataset);
        if !lost.is_empty() {
            let list = lost.join(", ");
            return Err(usage(
                format!(
                    "{}: kolonnerne til {list} står ikke i filen under den overskrift, kortlægningen har; `kobling map --update` spørger om dem",
                    extract.display()
                ),
                format!(
                    "{}: the columns for {list} are not in the file under the header that the mapping has; `kobling map --update` asks about them",
                    extract.display()
                ),
            ));
        }
        tell!(
            "alle kortlagte kolonner står i {}",
            "all columns that are mapped are in {}",
            extract.display()
        );
    }
    tell!("kortlægningen kan bruges", "the mapping can be used");
    Ok(Done::Clean)
}

/// A dataset that the partner hands over.
fn dataset<'a>(
    partner: &PartnerId,
    dataset: &DatasetId,
    programme: &'a Programme,
) -> Result<&'a Dataset, Trouble> {
    let known = programme.partners.iter().map(|partner| partner.id.as_str()).collect::<Vec<_>>().join(", ");
    let Some(source) = programme.source(partner) else {
        return Err(usage(
            format!("programmet har ingen partner {partner}; det har: {known}"),
            format!("the programme has no partner {partner}; it has: {known}"),
        ));
    };
    let own = programme.datasets.iter().filter(|dataset| dataset.partners.contains(&source));
    let own = own.collect::<Vec<_>>();
    own.iter().find(|one| one.id == *dataset).copied().ok_or_else(|| {
        let own = own.iter().map(|dataset| dataset.id.as_str()).collect::<Vec<_>>().join(", ");
        usage(
            format!("{partner} afleverer ikke {dataset}; {partner} afleverer: {own}"),
            format!("{partner} does not hand over {dataset}; it hands over: {own}"),
        )
    })
}

fn map(arguments: &MapArguments, programme: &Programme) -> Outcome {
    let old = match &arguments.update {
        Some(path) => Some((path.as_path(), Mapping::parse(&read(path)?).map_err(of_file(path))?)),
        None => None,
    };
    let Some(extract) = &arguments.extract else {
        return Err(usage(
            "angiv den fil, hvis kolonner skal kortlægges: kobling map FIL …",
            "name the file whose columns are to be mapped: kobling map FILE …",
        ));
    };
    if extract.as_os_str() == "-" {
        return Err(usage(
            "kobling map læser en fil, ikke standardinput: svarene kommer derfra",
            "kobling map reads a file, not standard input: the answers come from there",
        ));
    }
    let (partner, name) = whose(arguments, old.as_ref().map(|(_, old)| old), programme)?;
    let dataset = dataset(&partner, &name, programme)?;
    let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.map.toml", dataset.id)));
    let target = save::Target::of(old.as_ref().map(|(path, old)| (*path, old.version)), out)?;
    if let Some((path, old)) = &old {
        show::heading(path, old);
        if let Some(difference) = old.diff(programme) {
            show::difference(&difference);
        }
    }
    let mut form = form(arguments, old.as_ref().map(|(_, old)| &old.file));
    crate::extract::declared(form.encoding.as_deref(), form.separator)?;
    let source = Source::File(extract.clone());
    let look = |form: &FileForm| -> Result<Survey, Trouble> {
        let declared = crate::extract::declared(form.encoding.as_deref(), form.separator)?;
        let declared = Declared { sheet: form.sheet.as_deref(), header_row: form.header_row, ..declared };
        let mapping = old.as_ref().map(|(_, old)| old);
        Ok(Survey::of(&source, declared, Known { dataset, programme, mapping })?)
    };
    let asks = arguments.interactive || io::stdin().is_terminal() && io::stdout().is_terminal();
    let mut survey = look(&form)?;
    if !survey.certain {
        let row = survey.header_row.unwrap_or(1);
        if arguments.accept || !asks {
            return Err(unknown_row(row));
        }
        show::columns(extract, &survey);
        if !talk::holds_headers(row, &mut io::stdin().lock())? {
            return Err(unknown_row(row));
        }
        form.header_row = Some(row);
        survey = look(&form)?;
    }
    let mut draft = Draft::new(&survey, programme, dataset, form, old.as_ref().map(|(_, old)| old));
    if arguments.accept {
        accept::sure(&mut draft)?;
    } else if asks {
        show::columns(extract, &survey);
        if !talk::through(&mut draft, &mut io::stdin().lock())? {
            tell!("der er ikke skrevet noget", "nothing was written");
            return Ok(Done::Clean);
        }
    } else {
        return Err(usage(
            "der er ingen terminal at spørge på: --accept tager det, der er sikkert",
            "there is no terminal to ask on: --accept takes what is sure",
        ));
    }
    let mapping = draft.mapping(&partner, target.version());
    mapping.check(programme)?;
    if let Some((path, old)) = &old
        && (Mapping { version: old.version, ..mapping.clone() }) == *old
    {
        tell!(
            "{}: der er intet at ændre; version {} gælder stadig",
            "{}: there is nothing to change; version {} still holds",
            path.display(),
            old.version
        );
        return Ok(Done::Clean);
    }
    show::summary(&mapping, dataset, &survey);
    let text = mapping.to_toml_for(dataset);
    if arguments.dry.on() {
        tell!(
            "{} ville få dette indhold; der er ikke skrevet noget:\n\n{text}",
            "{} would hold this; nothing was written:\n\n{text}",
            target.path().display()
        );
        return Ok(Done::Clean);
    }
    target.write(text.as_bytes())?;
    show::written(&target, &mapping, extract, arguments.programme.path()?);
    Ok(Done::Clean)
}

/// Nobody knows whether a row holds headers.
fn unknown_row(row: u32) -> Trouble {
    usage(
        format!(
            "ingen overskrift i række {row} er en, programmet kender, så rækken kan være en persons og vises ikke: se i filen, og angiv med --header-row, hvilken række overskrifterne står i ({row}, hvis det er den), eller eksportér med overskrifter"
        ),
        format!(
            "no header in row {row} is one that the programme knows, so the row may be a person's and is not shown: look into the file, and say with --header-row which row holds the headers ({row} if it is this one), or export with headers"
        ),
    )
}

/// Partner and dataset: as said, or as the mapping says that is brought up to date; those must be the same.
fn whose(
    arguments: &MapArguments,
    old: Option<&Mapping>,
    programme: &Programme,
) -> Result<(PartnerId, DatasetId), Trouble> {
    if let Some(old) = old {
        let other = old.programme != programme.id
            || arguments.partner.if_any().is_some_and(|partner| *partner != old.partner)
            || arguments.dataset.as_ref().is_some_and(|dataset| *dataset != old.dataset);
        if other {
            return Err(usage(
                format!("kortlægningen er til {}, {} og {}", old.programme, old.partner, old.dataset),
                format!("the mapping is for {}, {} and {}", old.programme, old.partner, old.dataset),
            ));
        }
        return Ok((old.partner.clone(), old.dataset.clone()));
    }
    match (arguments.partner.if_any(), &arguments.dataset) {
        (Some(partner), Some(dataset)) => Ok((partner.clone(), dataset.clone())),
        _ => Err(usage(
            "angiv --partner og --dataset: hvis filen er, og hvad den bliver til",
            "give --partner and --dataset: whose file it is and what it becomes",
        )),
    }
}

/// How the file is written, as said or as it was.
fn form(arguments: &MapArguments, old: Option<&FileForm>) -> FileForm {
    let old = old.cloned().unwrap_or_default();
    FileForm {
        encoding: arguments.encoding.clone().or(old.encoding),
        separator: arguments.separator.or(old.separator),
        sheet: arguments.sheet.clone().or(old.sheet),
        header_row: arguments.header_row.or(old.header_row),
        ..old
    }
}
