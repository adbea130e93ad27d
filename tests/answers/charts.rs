//! Charts: what they show is what the table holds, in proportion, readable, and in words as well.

use std::collections::BTreeMap;

use kobling::answer::{Answer, CHART_CSS, Figure, Kind, Row, verify};
use kobling::language::Language;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::attacks::only_what_a_chart_has;
use crate::golden::hold;
use crate::kit::{answers, body, folder, sealed};

/// Answers of the shapes that the service gives, besides the fixtures of all forms.
const SHAPES: [&str; 10] = [
    "activity",
    "cost_by_payer",
    "curve",
    "curve_by_age",
    "events_before_after",
    "funnel_by_municipality",
    "net_budget_effect",
    "overlap_of_five",
    "risk_status",
    "wellbeing_mean",
];
const PLAIN: [&str; 6] = ["before_after", "costs", "funnel", "overlap", "series", "survival"];
const BOTH: [Language; 2] = [Language::Da, Language::En];

fn path(name: &str) -> String {
    if PLAIN.contains(&name) { name.to_owned() } else { format!("charts/{name}") }
}

fn answer(name: &str) -> Answer {
    serde_json::from_str(&body(&path(name))).expect("an answer")
}

fn all() -> impl Iterator<Item = (&'static str, Answer)> {
    SHAPES.into_iter().chain(PLAIN).map(|name| (name, answer(name)))
}

/// A shape or a text of a drawing: each stands on a line of its own.
#[derive(Debug)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    title: String,
}

impl Element {
    fn class(&self, class: &str) -> bool {
        self.attributes.get("class").is_some_and(|own| own.split(' ').any(|known| known == class))
    }

    fn number(&self, attribute: &str) -> f64 {
        self.attributes[attribute].parse().expect("a number")
    }

    /// The exact figure in the title, as the language of the test writes it.
    fn value(&self) -> f64 {
        let (_, figure) = self.title.rsplit_once(": ").expect("a figure");
        let figure =
            figure.split(" (").next().expect("a part").trim_end_matches(" kr.").trim_end_matches(" DKK");
        figure.trim_end_matches(" %").replace(',', "").parse().expect("a number")
    }
}

fn unescaped(text: &str) -> String {
    let signs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    signs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn elements(svg: &str) -> Vec<Element> {
    let mut found = Vec::new();
    for line in svg.lines().filter(|line| {
        ["<rect", "<text", "<circle", "<path", "<line"].iter().any(|name| line.starts_with(name))
    }) {
        let (inside, rest) = line[1..].split_once('>').expect("an element ends");
        let (name, mut left) = inside.split_once(' ').expect("attributes");
        let mut attributes = BTreeMap::new();
        while let Some((attribute, after)) = left.split_once("=\"") {
            let (value, after) = after.split_once('"').expect("a value ends");
            attributes.insert(attribute.trim().to_owned(), value.to_owned());
            left = after;
        }
        let text = rest.split('<').next().expect("a part");
        let title = rest.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
        let title = title.map_or("", |(title, _)| title);
        let (text, title) = (unescaped(text), unescaped(title));
        found.push(Element { name: name.to_owned(), attributes, text, title });
    }
    found
}

/// The marks of figures: bars, points and bounds.
fn marks(svg: &str) -> Vec<Element> {
    let is_mark = |element: &Element| {
        ["bar", "mark", "bound"].iter().any(|class| element.class(class)) && !element.title.is_empty()
    };
    elements(svg).into_iter().filter(is_mark).collect()
}

#[test]
fn every_chart_reads_as_it_was_found_good() {
    for name in SHAPES {
        verify(body(&path(name)).as_bytes()).expect("a fixture's own hash");
        let figure = answer(name).chart_figure(Language::Da, "c").expect("drawn");
        hold(&folder().join(format!("golden/charts/{name}.da.html")), &figure);
    }
}

/// The texts that a mark of a row may have for its figure.
fn sayings(answer: &Answer, row: &Row, language: Language) -> Vec<String> {
    let columns = || row.figures.iter().zip(&answer.table.figures);
    let text = |id: &str| {
        let at = answer.table.figures.iter().position(|column| column.id == id)?;
        row.figures[at].map(|figure| figure.to_text(&answer.table.figures[at], language))
    };
    let ends = text("low").zip(text("high"));
    let ends = ends.map(|(low, high)| format!("{low} {} {high}", language.choose("til", "to")));
    let ranges = columns().filter(|(_, column)| column.kind == Kind::Range);
    let ranges = ranges.filter_map(|(figure, column)| figure.map(|figure| figure.to_text(column, language)));
    let intervals: Vec<String> = ranges.chain(ends).collect();
    let mut sayings = Vec::new();
    for (figure, column) in columns() {
        let Some(figure) = figure.filter(|figure| !figure.is_hidden()) else { continue };
        let text = figure.to_text(column, language);
        let unit = column.unit.as_ref().map(|unit| format!(": {text} {}", language.of(unit)));
        for says in [Some(format!(": {text}")), unit].into_iter().flatten() {
            sayings.extend(intervals.iter().map(|interval| format!("{says} ({interval})")));
            sayings.push(says);
        }
    }
    sayings
}

/// Held against the table alone: every mark tells a figure that is there, and there are no more marks than figures.
fn marks_are_of_the_table(answer: &Answer, language: Language) {
    let Some(svg) = answer.chart(language, "c") else { return };
    let rows = &answer.table.rows;
    // As a page shows a text: on one line, without control characters.
    let shown = |text: &String| text.replace(['\t', '\n'], " ");
    let allowed: Vec<String> =
        rows.iter().flat_map(|row| sayings(answer, row, language)).map(|text| shown(&text)).collect();
    let marks = marks(&svg);
    for mark in &marks {
        assert!(allowed.iter().any(|says| mark.title.ends_with(says)), "no figure: {}", mark.title);
        assert!(!mark.title.ends_with("··"), "a hidden figure has a mark");
    }
    let figures = rows.iter().flat_map(|row| row.figures.iter().flatten());
    assert!(marks.len() <= figures.filter(|figure| !figure.is_hidden()).count());
}

#[test]
fn every_mark_of_the_fixtures_is_a_figure_of_the_table() {
    for (name, answer) in all() {
        assert!(answer.chart(Language::Da, "c").is_some(), "{name}");
        for language in BOTH {
            marks_are_of_the_table(&answer, language);
            only_what_a_chart_has(&answer.chart_figure(language, "c").expect("drawn"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn no_mark_tells_a_figure_that_the_table_does_not_hold(body in answers()) {
        let answer: Answer = serde_json::from_str(&body).expect("an answer");
        for language in BOTH {
            marks_are_of_the_table(&answer, language);
            let figure = answer.chart_figure(language, "c");
            prop_assert_eq!(figure.is_none(), answer.chart.is_none() || answer.table.figures.is_empty()
                || (answer.chart(language, "c").is_none() && answer.no_chart(language).is_none()));
            if let Some(figure) = figure {
                only_what_a_chart_has(&figure);
            }
        }
    }

    /// Whatever the hidden figures were, the drawing is the same: it is made of the answer, which does not hold them.
    /// What is held here is that a hidden figure takes no part in the scale.
    #[test]
    fn a_hidden_step_moves_no_other(at in 1_usize..4) {
        let mut json: Value = serde_json::from_str(&body("funnel")).expect("JSON");
        let bars = |json: &Value| {
            let answer: Answer = serde_json::from_str(&sealed(json.clone())).expect("an answer");
            marks(&answer.chart(Language::En, "c").expect("drawn"))
        };
        let before = bars(&json);
        let hidden = json!({ "hidden": true });
        json["table"]["rows"][at]["figures"] = json!([hidden, hidden, hidden, hidden]);
        let after = bars(&json);
        prop_assert_eq!(after.len() + 1, before.len());
        for bar in after {
            let same = before.iter().find(|other| other.title == bar.title).expect("the same bar");
            prop_assert_eq!(&bar.attributes["width"], &same.attributes["width"]);
        }
    }
}

/// Lengths that stand for values: one unit for all, to the tenth that coordinates are rounded to.
fn in_proportion(name: &str, lengths: &[(f64, f64)]) {
    let longest = lengths.iter().copied().max_by(|a, b| a.0.abs().total_cmp(&b.0.abs())).expect("some");
    assert!(longest.0 != 0.0 && longest.1 > 20.0, "{name}: {lengths:?}");
    for (value, length) in lengths {
        let wanted = value.abs() * longest.1 / longest.0.abs();
        assert!((length - wanted).abs() <= 0.25, "{name}: {value} is {length}, and not {wanted}");
    }
}

#[test]
fn bars_are_as_long_as_their_figures_are_large() {
    for name in ["funnel", "funnel_by_municipality", "costs", "cost_by_payer", "net_budget_effect"] {
        let svg = answer(name).chart(Language::En, "c").expect("drawn");
        let bars: Vec<Element> = marks(&svg).into_iter().filter(|mark| mark.class("bar")).collect();
        in_proportion(name, &bars.iter().map(|bar| (bar.value(), bar.number("width"))).collect::<Vec<_>>());
    }
    for name in ["overlap", "overlap_of_five"] {
        let svg = answer(name).chart(Language::En, "c").expect("drawn");
        let (sizes, bars): (Vec<_>, Vec<_>) = marks(&svg).into_iter().partition(|mark| mark.class("size"));
        in_proportion(name, &bars.iter().map(|bar| (bar.value(), bar.number("height"))).collect::<Vec<_>>());
        in_proportion(name, &sizes.iter().map(|bar| (bar.value(), bar.number("width"))).collect::<Vec<_>>());
    }
}

/// The middle of a mark.
fn middle(mark: &Element) -> (f64, f64) {
    if mark.name == "circle" {
        return (mark.number("cx"), mark.number("cy"));
    }
    let numbers = mark.attributes["d"].split([' ', 'M', 'L', 'Z']).filter(|part| !part.is_empty());
    let numbers: Vec<f64> = numbers.map(|part| part.parse().expect("a number")).collect();
    let ends = |from: usize| {
        let of = || numbers.iter().skip(from).step_by(2).copied();
        f64::midpoint(of().fold(f64::MAX, f64::min), of().fold(f64::MIN, f64::max))
    };
    (ends(0), ends(1))
}

#[test]
fn points_lie_where_their_figures_say() {
    for (name, across) in [
        ("survival", false),
        ("curve", false),
        ("series", false),
        ("activity", false),
        ("before_after", true),
        ("wellbeing_mean", true),
        ("events_before_after", true),
        ("risk_status", true),
    ] {
        let svg = answer(name).chart(Language::En, "c").expect("drawn");
        let points = marks(&svg).into_iter().filter(|mark| mark.class("mark"));
        let points: Vec<(f64, f64)> = points
            .map(|mark| (mark.value(), if across { middle(&mark).0 } else { -middle(&mark).1 }))
            .collect();
        let by = |a: &&(f64, f64), b: &&(f64, f64)| a.0.total_cmp(&b.0);
        let (low, high) = (points.iter().min_by(by).expect("some"), points.iter().max_by(by).expect("some"));
        assert!(high.1 - low.1 > 20.0, "{name}");
        let unit = (high.1 - low.1) / (high.0 - low.0);
        for (value, at) in &points {
            let wanted = low.1 + (value - low.0) * unit;
            // Triangles have their middle a little off their point.
            assert!((at - wanted).abs() <= 1.2, "{name}: {value} lies at {at}, and not {wanted}");
        }
    }
    // Days are as far apart as they are.
    let svg = answer("curve").chart(Language::En, "c").expect("drawn");
    let at = |days: &str| {
        let is_it = |mark: &Element| mark.title.starts_with(days) && mark.class("mark");
        middle(&marks(&svg).into_iter().find(is_it).expect("a point")).0
    };
    let (a, b, c) = (at("90 days"), at("365 days"), at("730 days"));
    assert!(((b - a) / (c - a) - (365.0 - 90.0) / (730.0 - 90.0)).abs() < 0.002);
}

#[test]
fn those_at_risk_stand_under_their_ticks() {
    let svg = answer("survival").chart(Language::En, "c").expect("drawn");
    let texts: Vec<Element> = elements(&svg).into_iter().filter(|element| element.name == "text").collect();
    let tick = texts.iter().find(|text| text.text == "30" && text.class("middle")).expect("a tick");
    let at = |text: &str| texts.iter().find(|t| t.text == text && t.class("middle")).expect("a figure");
    for text in ["35", "20"] {
        assert_eq!(at(text).attributes["x"], tick.attributes["x"], "{text}");
    }
    assert!(texts.iter().any(|text| text.text == "At risk"));
}

#[test]
fn dots_say_whose_intersection_it_is() {
    let svg = answer("overlap").chart(Language::En, "c").expect("drawn");
    let all = elements(&svg);
    let bar = all.iter().find(|bar| bar.title.starts_with("Police and counselling")).expect("a bar");
    let x = bar.number("x") + bar.number("width") / 2.0;
    let dots: Vec<bool> = all
        .iter()
        .filter(|dot| dot.class("dot") && (dot.number("cx") - x).abs() < 0.2)
        .map(|dot| dot.class("in"))
        .collect();
    assert_eq!(dots, [true, false, true]);
}

/// Whether an element's text has a box of its own, in a sans-serif of middling width.
fn boxes(svg: &str) -> Vec<(f64, f64, f64, f64, String)> {
    let texts =
        elements(svg).into_iter().filter(|element| element.name == "text" && !element.text.is_empty());
    let found = texts.map(|text| {
        let signs = f64::from(u32::try_from(text.text.chars().count()).expect("short"));
        let bold = if text.class("head") || text.class("strong") { 1.08 } else { 1.0 };
        let width = signs * 6.6 * bold;
        let left = match () {
            () if text.class("end") => text.number("x") - width,
            () if text.class("middle") => text.number("x") - width / 2.0,
            () => text.number("x"),
        };
        let y = text.number("y");
        (left, left + width, y - 9.5, y + 2.5, text.text)
    });
    found.collect()
}

#[test]
fn no_text_lies_on_another_or_outside() {
    for (name, answer) in all() {
        for language in BOTH {
            let svg = answer.chart(language, "c").expect("drawn");
            let boxes = boxes(&svg);
            let size = svg.split_once("viewBox=\"0 0 760 ").expect("a size").1;
            let height: f64 = size.split('"').next().expect("a part").parse().expect("a number");
            for (at, (left, right, top, low, text)) in boxes.iter().enumerate() {
                let inside = *left > -6.0 && *right < 766.0 && *top >= 0.0 && *low <= height;
                assert!(inside, "{name}: {text} ends at {left}..{right}, {top}..{low} of {height}");
                for (a, b, c, d, other) in &boxes[..at] {
                    let meets = left < b && a < right && top < d && c < low;
                    assert!(!meets, "{name}: {text} lies on {other}");
                }
            }
        }
    }
}

#[test]
fn the_description_says_what_the_chart_shows() {
    for name in PLAIN {
        let answer = answer(name);
        for language in BOTH {
            let svg = answer.chart(language, "c").expect("drawn");
            let (_, rest) = svg.split_once("<desc id=\"c-d\">").expect("a description");
            let desc = unescaped(rest.split_once("</desc>").expect("it ends").0);
            for mark in marks(&svg) {
                let (_, figure) = mark.title.rsplit_once(": ").expect("a figure");
                let figure = figure.trim_end_matches(" kr.").trim_end_matches(" DKK");
                assert!(desc.contains(figure), "{name}: {figure} is not in {desc}");
            }
            assert!(desc.contains(language.choose("skjult", "hidden")), "{name}: {desc}");
        }
    }
}

#[test]
fn what_cannot_be_drawn_says_so_in_words() {
    let crowded = answer("activity_crowded");
    for language in BOTH {
        assert_eq!(crowded.chart(language, "c"), None);
        let why = crowded.no_chart(language).expect("words");
        assert!(crowded.chart_figure(language, "c").expect("words").contains(why));
        assert!(why.contains(language.choose("grupperne", "groups")));
    }
    let mut json: Value = serde_json::from_str(&body("costs")).expect("JSON");
    for row in 0..3 {
        let hidden = json!({ "hidden": true });
        json["table"]["rows"][row]["figures"] = json!([hidden, hidden, hidden]);
    }
    let hidden: Answer = serde_json::from_str(&sealed(json)).expect("an answer");
    assert_eq!(hidden.chart(Language::En, "c"), None);
    assert!(hidden.no_chart(Language::En).expect("words").contains("no figure"));
    // Of a kind that is never drawn there is nothing to say; where there is a chart, neither.
    let reach: Answer = serde_json::from_str(&body("reach")).expect("an answer");
    assert_eq!((reach.chart_figure(Language::En, "c"), reach.no_chart(Language::En)), (None, None));
    assert_eq!(answer("costs").no_chart(Language::Da), None);
}

#[test]
fn a_script_in_any_label_of_any_chart_is_text() {
    let script = "</text></title></svg><script>alert(1)</script><img src=x onerror=alert(1)>\"'&";
    for name in SHAPES.into_iter().chain(PLAIN) {
        let mut json: Value = serde_json::from_str(&body(&path(name))).expect("JSON");
        let both = json!({ "da": script, "en": script });
        json["title"] = both.clone();
        for label in json["labels"].as_array_mut().expect("labels") {
            label["title"] = both.clone();
            for code in label["codes"].as_array_mut().expect("codes") {
                (code["da"], code["en"]) = (json!(script), json!(script));
            }
        }
        for figure in json["table"]["figures"].as_array_mut().expect("figures") {
            (figure["title"], figure["unit"]) = (both.clone(), both.clone());
        }
        let answer: Answer = serde_json::from_str(&sealed(json)).expect("an answer");
        let figure = answer.chart_figure(Language::Da, "\"><script>").expect("drawn");
        only_what_a_chart_has(&figure);
        assert!(figure.contains("&lt;script&gt;"), "{name}: it is shown");
    }
}

/// Of nine partners there are 36 twos and 84 threes.
#[test]
fn of_many_combinations_the_twos_are_drawn_and_it_says_so() {
    let mut json: Value = serde_json::from_str(&body("charts/overlap_of_five")).expect("JSON");
    let ids: Vec<String> = (0..9).map(|at| format!("p{at}")).collect();
    let mut codes = ids.clone();
    for (a, one) in ids.iter().enumerate() {
        for (b, two) in ids.iter().enumerate().skip(a + 1) {
            codes.push(format!("{one}+{two}"));
            codes.extend(ids[b + 1..].iter().map(|three| format!("{one}+{two}+{three}")));
        }
    }
    let figures = json!([{ "count": 25 }, { "count": 20 }]);
    let rows = codes.iter().map(|code| json!({ "key": [code], "figures": figures, "snapshot": 1 }));
    json["table"]["rows"] = rows.collect();
    let label = |code: &String| json!({ "code": code, "da": code, "en": code });
    json["labels"][0]["codes"] = codes.iter().map(label).collect();
    let answer: Answer = serde_json::from_str(&sealed(json)).expect("an answer");
    let figure = answer.chart_figure(Language::En, "c").expect("drawn");
    assert!(figure.contains("Combinations of more than two stand in the table alone."));
    let (sizes, bars): (Vec<_>, Vec<_>) = marks(&figure).into_iter().partition(|mark| mark.class("size"));
    assert_eq!((sizes.len(), bars.len()), (9, 36));
    assert!(bars.iter().all(|bar| bar.title.matches('+').count() == 1));
}

#[test]
fn amounts_are_written_as_their_language_does() {
    let answer = answer("cost_by_payer");
    let texts = |language| {
        let svg = answer.chart(language, "c").expect("drawn");
        elements(&svg).into_iter().map(|element| element.text).collect::<Vec<_>>()
    };
    assert!(texts(Language::Da).contains(&"1.234.567 kr.".to_owned()));
    assert!(texts(Language::En).contains(&"1,234,567 kr.".to_owned()));
}

/// Contrast of two colours by WCAG 2.2.
fn contrast(one: &str, other: &str) -> f64 {
    let light = |colour: &str| {
        let digits = colour.trim_start_matches('#');
        let digits =
            if digits.len() == 3 { digits.chars().flat_map(|c| [c, c]).collect() } else { digits.to_owned() };
        let part = |at: usize| {
            let part = f64::from(u8::from_str_radix(&digits[at..at + 2], 16).expect("a colour")) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
    };
    let (a, b) = (light(one), light(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_colour_stands_out_from_white() {
    assert!(
        (contrast("#000", "#fff") - 21.0).abs() < 0.01 && (contrast("#767676", "#fff") - 4.54).abs() < 0.01
    );
    let mut seen = 0;
    for rule in CHART_CSS.split('}') {
        let Some((selector, declarations)) = rule.split_once('{') else { continue };
        for declaration in declarations.split(';') {
            let Some((property, colour)) = declaration.split_once(": #") else { continue };
            let colour = colour.trim();
            // A line of the grid only helps the eye; what it stands for is written beside it.
            if colour == "fff" || selector.contains(".grid") {
                continue;
            }
            let is_text = property.trim() == "color" || selector.contains("text");
            let least = if is_text { 4.5 } else { 3.0 };
            let found = contrast(&format!("#{colour}"), "#fff");
            assert!(found >= least, "{selector}: #{colour} has {found:.1} to white");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} colours were looked at");
    // The rules reach nothing outside a chart.
    let plain = CHART_CSS.replace("@media (forced-colors: active) {", "").replace("@media print {", "");
    for selector in plain.split('}').filter_map(|rule| rule.split_once('{')).flat_map(|(s, _)| s.split(',')) {
        let selector = selector.trim();
        let own = ["svg.chart", "figure.chart", ".no-chart"].iter().any(|own| selector.starts_with(own));
        assert!(own, "{selector}");
    }
}

#[test]
fn a_figure_of_another_row_would_be_noticed() {
    let answer = answer("funnel");
    let says = sayings(&answer, &answer.table.rows[0], Language::En);
    assert!(says.contains(&": 120".to_owned()) && !says.contains(&": 90".to_owned()));
    assert_eq!(answer.table.rows[0].figures[0], Some(Figure::Count(120)));
}
