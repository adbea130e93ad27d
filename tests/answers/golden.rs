//! Every form of every fixture in both languages, as it was read and found good.

use std::path::Path;

use kobling::answer::{CsvForm, Report, verify};
use kobling::language::Language;

use crate::kit::{NAMES, body, fixture, folder};

pub fn hold(path: &Path, text: &str) {
    if std::env::var_os("KOBLING_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }
    let wanted = std::fs::read_to_string(path).unwrap_or_default();
    let line = wanted.lines().zip(text.lines()).position(|(a, b)| a != b);
    assert!(wanted == text, "{}: line {} differs", path.display(), line.map_or(0, |at| at + 1));
}

#[test]
fn every_text_form_reads_as_it_was_found_good() {
    for name in NAMES {
        let answer = fixture(name);
        verify(body(name).as_bytes()).expect("a fixture's own hash");
        for language in [Language::Da, Language::En] {
            let vega =
                answer.to_vega_lite(language).map_or("none\n".to_owned(), |spec| format!("{spec:#}\n"));
            let forms = [
                ("table", answer.to_table(language)),
                ("csv, international", answer.to_csv(CsvForm::International, None)),
                ("csv, danish, labels", answer.to_csv(CsvForm::Danish, Some(language))),
                ("markdown", answer.to_markdown(language)),
                ("vega-lite", vega),
            ];
            // What cannot be seen is spelt out.
            let seen = |text: &str| text.replace('\u{feff}', "<U+FEFF>").replace('\r', "<CR>");
            let text = forms.map(|(form, text)| format!("=== {form}\n{}", seen(&text))).concat();
            hold(&folder().join(format!("golden/{name}.{}.txt", language.tag())), &text);
        }
    }
}

#[test]
fn the_page_reads_as_it_was_found_good() {
    for (language, title) in [(Language::Da, "Årsrapport <2022>"), (Language::En, "Annual report <2022>")] {
        let report = Report { title: title.to_owned(), language, answers: NAMES.map(fixture).to_vec() };
        hold(&folder().join(format!("golden/report.{}.html", language.tag())), &report.to_html());
    }
}
