//! An answer as a workbook: a sheet to read, a sheet about it, and a sheet for programs with the columns of CSV.
//!
//! A text is written as a text cell, which no spreadsheet computes. One that could be taken for a formula carries the
//! mark of quoted text besides, so that it stays a text when somebody edits the cell.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet};

use super::columns::{Field, columns};
use super::escape;
use super::figure::Figure;
use super::lines::{Lines, facts, hidden_words, sum_words};
use super::model::{Answer, FigureColumn};
use crate::language::{Language, Spoken};

/// A workbook could not be made: more rows or longer texts than a sheet takes.
#[derive(Debug, thiserror::Error)]
#[error("the answer cannot be written as XLSX")]
pub struct XlsxError(#[from] rust_xlsxwriter::XlsxError);

impl Spoken for XlsxError {
    fn danish(&self) -> String {
        "svaret kan ikke skrives som XLSX".to_owned()
    }
}

impl Answer {
    /// The bytes of a workbook. The same answer gives the same bytes: its date is the day of the snapshot.
    ///
    /// # Errors
    /// [`XlsxError`].
    pub fn to_xlsx(&self, language: Language) -> Result<Vec<u8>, XlsxError> {
        let mut workbook = Workbook::new();
        let (year, month, day) = self.sealed.ymd();
        let properties = DocProperties::new()
            .set_title(self.heading(language))
            .set_company("")
            .set_comment(format!("SHA-256 {}", self.sha256));
        let created =
            u16::try_from(year).ok().and_then(|year| ExcelDateTime::from_ymd(year, month, day).ok());
        // A sheet's calendar begins in 1900; a snapshot's day lies far behind that.
        let created = match created {
            Some(created) => created,
            None => ExcelDateTime::from_ymd(2000, 1, 1)?,
        };
        workbook.set_properties(&properties.set_creation_datetime(&created));
        answer_sheet(self, workbook.add_worksheet(), language)?;
        about_sheet(self, workbook.add_worksheet(), language)?;
        data_sheet(self, workbook.add_worksheet(), language)?;
        Ok(workbook.save_to_buffer()?)
    }
}

type Written = Result<(), XlsxError>;

fn bold() -> Format {
    Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top)
}

/// A text, as one.
fn write_text(sheet: &mut Worksheet, row: u32, column: u16, text: &str, format: &Format) -> Written {
    let quoted = if escape::is_formula(text) { format.clone().set_quote_prefix() } else { format.clone() };
    sheet.write_string_with_format(row, column, text, &quoted)?;
    Ok(())
}

/// A row or column of a sheet by its place.
fn place<T: TryFrom<usize>>(at: usize) -> Result<T, XlsxError> {
    T::try_from(at).map_err(|_| XlsxError(rust_xlsxwriter::XlsxError::RowColumnLimitError))
}

/// The number format of a column: thousands in groups, as the reader's own spreadsheet writes them.
fn number_format(column: &FigureColumn, figure: Figure) -> Format {
    let format = match figure {
        Figure::Percent(_) => "0\" %\"".to_owned(),
        Figure::Number(_) if column.decimals > 0 => {
            format!("#,##0.{}", "0".repeat(usize::from(column.decimals).min(15)))
        }
        Figure::Number(number) if number.fract() != 0.0 => "#,##0.###############".to_owned(),
        _ => "#,##0".to_owned(),
    };
    Format::new().set_num_format(format)
}

/// A figure: a number where it is exact, else the text that people read.
#[expect(clippy::cast_precision_loss, reason = "a spreadsheet's numbers are of this kind")]
fn write_figure(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    figure: Figure,
    of: &FigureColumn,
    language: Language,
    base: &Format,
) -> Written {
    let format = number_format(of, figure).merge(base);
    let number = match figure {
        Figure::Count(count) => count as f64,
        Figure::Percent(percent) => percent as f64,
        Figure::Number(number) => number,
        _ => {
            let right = base.clone().set_align(FormatAlign::Right);
            return write_text(sheet, row, column, &figure.to_text(of, language), &right);
        }
    };
    sheet.write_number_with_format(row, column, number, &format)?;
    Ok(())
}

fn answer_sheet(answer: &Answer, sheet: &mut Worksheet, language: Language) -> Written {
    sheet.set_name(language.choose("Svar", "Answer"))?;
    let lines = Lines::of(answer, language);
    let plain = Format::new();
    let head = bold().set_border_bottom(FormatBorder::Medium);
    for (at, header) in lines.headers.iter().enumerate() {
        let side = if at < lines.keys { FormatAlign::Left } else { FormatAlign::Right };
        write_text(sheet, 0, place(at)?, header, &head.clone().set_align(side))?;
        let cells = lines.rows.iter().map(|row| row[at].chars().count());
        let widest = cells.max().unwrap_or(0).max(header.chars().count().min(24)).clamp(8, 48);
        sheet.set_column_width(place(at)?, f64::from(u8::try_from(widest + 3).unwrap_or(u8::MAX)))?;
    }
    for (at, row) in answer.table.rows.iter().enumerate() {
        let down = place(at + 1)?;
        for (across, label) in lines.rows[at][..lines.keys].iter().enumerate() {
            write_text(sheet, down, place(across)?, label, &plain)?;
        }
        for (across, (figure, column)) in row.figures.iter().zip(&answer.table.figures).enumerate() {
            if let Some(figure) = figure {
                let at = (down, place(lines.keys + across)?);
                write_figure(sheet, at, *figure, column, language, &plain)?;
            }
        }
    }
    if let Some(totals) = &answer.table.totals {
        let down = place(answer.table.rows.len() + 1)?;
        let foot = Format::new().set_bold().set_border_top(FormatBorder::Thin);
        for across in 0..lines.headers.len() {
            sheet.write_blank(down, place(across)?, &foot)?;
        }
        if lines.keys > 0 {
            write_text(sheet, down, 0, sum_words(language), &foot)?;
        }
        for (across, column) in answer.table.figures.iter().enumerate() {
            if let Some(figure) = totals.figures.get(&column.id).copied().flatten() {
                write_figure(sheet, (down, place(lines.keys + across)?), figure, column, language, &foot)?;
            }
        }
    }
    sheet.set_freeze_panes(1, place(lines.keys)?)?;
    sheet.set_landscape().set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
    Ok(())
}

fn about_sheet(answer: &Answer, sheet: &mut Worksheet, language: Language) -> Written {
    sheet.set_name(language.choose("Om", "About"))?;
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    sheet.set_column_width(0, 36.0)?;
    sheet.set_column_width(1, 90.0)?;
    let mut lines = vec![
        (language.choose("Titel", "Title"), answer.heading(language)),
        (language.choose("Definition", "Definition"), language.of(&answer.definition).to_owned()),
    ];
    lines.extend(facts(answer, language).into_iter().map(|fact| (fact.title, fact.text)));
    let rule = language.choose("Opgørelsesregel", "Rule of counting");
    lines.extend(answer.notes.iter().map(|note| (rule, language.of(note).to_owned())));
    if answer.hidden_figures() > 0 {
        lines.push((language.choose("Skjulte tal", "Hidden figures"), hidden_words(language)));
    }
    for (at, (title, text)) in lines.iter().enumerate() {
        write_text(sheet, place(at)?, 0, title, &bold())?;
        write_text(sheet, place(at)?, 1, text, &wrapped)?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a spreadsheet's numbers are of this kind")]
fn data_sheet(answer: &Answer, sheet: &mut Worksheet, language: Language) -> Written {
    sheet.set_name("Data")?;
    let plain = Format::new();
    for (across, column) in columns(answer, Some(language)).iter().enumerate() {
        let across = place(across)?;
        write_text(sheet, 0, across, &column.name, &bold())?;
        for (at, field) in column.fields.iter().enumerate() {
            let down = place(at + 1)?;
            match field {
                Field::Empty => {}
                Field::Text(text) => write_text(sheet, down, across, text, &plain)?,
                Field::Whole(value) => {
                    sheet.write_number(down, across, *value as f64)?;
                }
                Field::Number(value) => {
                    sheet.write_number(down, across, *value)?;
                }
                Field::Flag(flag) => {
                    sheet.write_boolean(down, across, *flag)?;
                }
            }
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}
