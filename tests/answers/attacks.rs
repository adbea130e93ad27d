//! Attacks by whoever writes a label, and the promise that no form shows what the answer does not hold.

use std::collections::BTreeSet;

use kobling::answer::{Answer, CsvForm, Report, verify};
use kobling::language::Language;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::kit::{answers, body, sealed};

/// The elements of a page; an element that is not listed fails.
const ELEMENTS: &str = "html head meta title style body header h1 nav ol li a main section h2 h3 p figure figcaption svg \
    desc rect text line circle path div table caption thead tbody tfoot tr th td abbr ul dl dt dd";
/// Attributes, likewise.
const ATTRIBUTES: &str = "lang charset http-equiv content name href id class aria-labelledby aria-label tabindex role \
    scope title colspan viewBox aria-describedby x y x1 x2 y1 y2 width height cx cy r d";

/// Elements with their attributes, as a browser reads text in which every `<` begins an element.
fn elements(page: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found = Vec::new();
    for part in page.split('<').skip(1) {
        let (inside, _) = part.split_once('>').expect("an element ends");
        if inside.starts_with(['/', '!']) {
            continue;
        }
        let (name, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
        let mut attributes = Vec::new();
        while let Some((attribute, after)) = rest.split_once("=\"") {
            let (value, after) = after.split_once('"').expect("a value ends");
            attributes.push((attribute.trim().to_owned(), value.to_owned()));
            rest = after;
        }
        assert!(rest.trim().trim_end_matches('/').is_empty(), "left over in <{inside}>");
        found.push((name.trim_end_matches('/').to_owned(), attributes));
    }
    found
}

/// Every element and attribute is a listed one, and a link leads to an answer of the page.
pub fn only_what_a_chart_has(page: &str) {
    let listed = |list: &str, word: &str| list.split_whitespace().any(|known| known == word);
    for (name, attributes) in elements(page) {
        assert!(listed(ELEMENTS, &name), "<{name}>");
        for (attribute, value) in attributes {
            assert!(listed(ATTRIBUTES, &attribute), "{attribute}=\"{value}\"");
            assert!(attribute != "href" || value.starts_with("#a"), "a link to {value}");
        }
    }
}

fn only_what_a_page_has(page: &str) {
    only_what_a_chart_has(page);
    let policy = "default-src 'none'; style-src 'sha256-";
    assert_eq!(page.matches("<style>").count(), 1);
    assert!(page.contains(policy) && page.find(policy) < page.find("<style>"), "the policy stands first");
    // A label may name an address as text; the page itself leads nowhere.
    assert!(!page.contains("url(") && !page.contains("@import"));
}

fn report(answer: &Answer, title: &str, language: Language) -> String {
    Report { title: title.to_owned(), language, answers: vec![answer.clone(), answer.clone()] }.to_html()
}

#[test]
fn a_script_in_a_label_is_shown_and_never_run() {
    let script = "</text></title></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&";
    let mut answer: Value = serde_json::from_str(&body("funnel")).expect("JSON");
    let both = json!({ "da": script, "en": script });
    for place in [
        "/title",
        "/definition",
        "/notes/0",
        "/labels/0/title",
        "/population/title",
        "/table/figures/0/title",
    ] {
        *answer.pointer_mut(place).expect("a text") = both.clone();
    }
    answer["labels"][1]["codes"][0]["da"] = json!(script);
    answer["labels"][0]["codes"][0]["da"] = json!(script);
    let coarser = json!({ "by": [script], "population": script, "period": null, "title": both });
    answer["table"]["coarser"] = json!([script, coarser]);
    answer["table"]["reasons"] = json!([script, { "code": script, "da": script, "en": script }]);
    answer["table"]["rules"] = json!(script);
    let answer: Answer = serde_json::from_str(&sealed(answer)).expect("an answer");
    let page = report(&answer, script, Language::Da);
    only_what_a_page_has(&page);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "it is shown");
    let markdown = answer.to_markdown(Language::Da);
    assert!(!markdown.contains("<script") && !markdown.contains("<img"), "{markdown}");
}

#[test]
fn a_formula_in_a_label_is_text() {
    for label in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "＝1"] {
        let mut answer: Value = serde_json::from_str(&body("overlap")).expect("JSON");
        answer["labels"][0]["codes"][0]["da"] = json!(label);
        let answer: Answer = serde_json::from_str(&sealed(answer)).expect("an answer");
        for form in [CsvForm::Danish, CsvForm::International] {
            let text = answer.to_csv(form, Some(Language::Da));
            let delimiter = if form == CsvForm::Danish { b';' } else { b',' };
            let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
            let first = reader.records().next().expect("a row").expect("a record");
            assert_eq!(&first[1], format!("'{label}"), "an apostrophe before it, and nothing lost");
        }
        #[cfg(feature = "formats")]
        {
            use calamine::Reader as _;
            let bytes = answer.to_xlsx(Language::Da).expect("a workbook");
            let mut book: calamine::Xlsx<_> =
                calamine::Xlsx::new(std::io::Cursor::new(bytes)).expect("a workbook");
            let cell = book.worksheet_range("Svar").expect("a sheet").get_value((1, 0)).cloned();
            let calamine::Data::String(cell) = cell.expect("a cell") else { panic!("no text") };
            // XML turns a carriage return into a line feed, or keeps it escaped.
            assert_eq!(cell.replace("_x000D_", "\r").replace('\n', "\r"), label.replace('\n', "\r"));
        }
    }
}

/// Numbers in a text, without sign, as a reader of that language takes them.
fn numbers(text: &str, language: Option<Language>) -> Vec<f64> {
    let signs: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut token = String::new();
    for (at, c) in signs.iter().enumerate() {
        let inside = matches!(c, '.' | ',')
            && !token.is_empty()
            && language.is_some()
            && signs.get(at + 1).is_some_and(char::is_ascii_digit);
        if c.is_ascii_digit() || inside {
            token.push(*c);
        } else if !token.is_empty() {
            found.push(std::mem::take(&mut token));
        }
    }
    found.push(token);
    let plain = |token: String| match language {
        Some(Language::Da) => token.replace('.', "").replace(',', "."),
        _ => token.replace(',', ""),
    };
    found
        .into_iter()
        .filter(|token| !token.is_empty())
        .filter_map(|token| plain(token).parse().ok())
        .collect()
}

/// Every number of a JSON text: its members of type number, and the digits in its strings.
fn held(value: &Value, into: &mut Vec<f64>) {
    match value {
        Value::Number(number) => into.extend(number.as_f64().map(f64::abs)),
        Value::String(text) => into.extend(numbers(text, None)),
        Value::Array(parts) => parts.iter().for_each(|part| held(part, into)),
        Value::Object(members) => members.values().for_each(|member| held(member, into)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// What a reader of the page sees or hears: its text, and the attributes that are read out.
fn read_out(page: &str) -> String {
    let (_, page) = page.split_once("</style>").expect("a style");
    page.split('<')
        .map(|part| {
            let (inside, text) = part.split_once('>').unwrap_or(("", part));
            let label = inside.split_once("aria-label=\"").map_or("", |(_, rest)| rest);
            format!(" {} {text}", label.split('"').next().unwrap_or(""))
        })
        .collect::<String>()
        .replace("&#39;", "'")
}

/// Words and scales of the forms themselves: "nearest 5", "SHA-256", the scale of per cent.
const OWN: [f64; 8] = [0.0, 5.0, 25.0, 50.0, 75.0, 100.0, 256.0, 58.0];

fn shows_only_what_it_holds(body: &str) {
    let json: Value = serde_json::from_str(body).expect("JSON");
    let answer: Answer = serde_json::from_str(body).expect("an answer");
    let mut allowed = OWN.to_vec();
    held(&json, &mut allowed);
    // "2 hidden figures are not drawn": how many marks there are is seen in the table.
    let marks = body.matches("\"hidden\":true").count().max(body.matches("\"hidden\": true").count());
    allowed.extend((1..=marks).map(|n| f64::from(u32::try_from(n).expect("few"))));
    let check = |what: &str, found: Vec<f64>| {
        for number in found {
            assert!(allowed.contains(&number), "{what} shows {number}");
        }
    };
    for language in [Language::Da, Language::En] {
        check("the table", numbers(&answer.to_table(language), Some(language)));
        check("Markdown", numbers(&answer.to_markdown(language), Some(language)));
        check("the page", numbers(&read_out(&report(&answer, "T", language)), Some(language)));
        if let Some(spec) = answer.to_vega_lite(language) {
            // The text of a figure is read as its language writes it.
            let texts: BTreeSet<&str> = spec["data"]["values"]
                .as_array()
                .expect("rows")
                .iter()
                .filter_map(|r| r["text"].as_str())
                .collect();
            check("the drawing", texts.iter().flat_map(|text| numbers(text, Some(language))).collect());
            for row in spec["data"]["values"].as_array().expect("rows") {
                let figures = ["value", "low", "high", "end"].map(|name| row[name].as_f64().map(f64::abs));
                check("the drawing", figures.into_iter().flatten().collect());
                if row["hidden"] == true {
                    assert_eq!(figures, [None; 4], "a hidden figure is drawn as nothing");
                    assert_eq!(row["text"], "");
                }
            }
        }
    }
    let csv = answer.to_csv(CsvForm::International, None);
    check("CSV", csv.split([',', '\n']).flat_map(|field| numbers(field, Some(Language::En))).collect());
}

#[test]
fn a_number_that_an_answer_does_not_hold_is_noticed() {
    assert_eq!(numbers("1.240,5 og 7 %", Some(Language::Da)), [1240.5, 7.0]);
    assert_eq!(numbers("1,240.5 and 7 %, 2022-Q1..2022-Q4", Some(Language::En))[..2], [1240.5, 7.0]);
    assert!(numbers(&read_out("<style>1</style><p aria-label=\"2\">3</p>"), None) == [2.0, 3.0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn no_form_shows_a_figure_that_the_answer_does_not_hold(body in answers()) {
        shows_only_what_it_holds(&body);
    }

    #[test]
    fn no_text_of_an_answer_becomes_part_of_a_page(body in answers()) {
        prop_assert!(verify(body.as_bytes()).is_ok());
        let answer: Answer = serde_json::from_str(&body).expect("an answer");
        for language in [Language::Da, Language::En] {
            only_what_a_page_has(&report(&answer, language.of(&answer.title), language));
        }
    }
}

#[test]
fn no_form_of_the_fixtures_shows_what_they_do_not_hold() {
    for name in crate::kit::NAMES {
        shows_only_what_it_holds(&body(name));
    }
}
