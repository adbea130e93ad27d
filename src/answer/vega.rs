//! An answer as a Vega-Lite specification (version 5), its data inline and nothing fetched.

use serde_json::{Value, json};

use super::model::Answer;
use super::plot::{Form, Plot};
use crate::language::Language;

/// The published JSON schema that the specification follows.
const SCHEMA: &str = "https://vega.github.io/schema/vega-lite/v5.json";

impl Answer {
    /// The specification of the answer's drawing, when it has one. A hidden figure is a row without value.
    #[must_use]
    pub fn to_vega_lite(&self, language: Language) -> Option<Value> {
        let plot = Plot::of(self, language)?;
        let population = self.population.as_ref().map(|population| language.of(&population.title).to_owned());
        let parts = [Some(language.unit(self.unit).to_owned()), population, Some(self.period.to_string())];
        let mut subtitle = vec![parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")];
        let hidden = plot.hidden_words(language);
        if !hidden.is_empty() {
            subtitle.push(hidden);
        }
        let mut spec = json!({
            "$schema": SCHEMA,
            "description": language.of(&self.definition),
            "title": { "text": self.heading(language), "subtitle": subtitle, "anchor": "start" },
            "data": { "values": values(&plot) },
            "usermeta": { "sha256": self.sha256, "sealed": self.sealed, "rules": self.table.rules },
        });
        let (encoding, layer) = match plot.form() {
            Form::Bars => bars(&plot),
            Form::Steps | Form::Line => lines(&plot),
        };
        let members = spec.as_object_mut().expect("made as an object");
        members.insert("encoding".to_owned(), encoding);
        members.insert("layer".to_owned(), layer);
        members.insert("width".to_owned(), json!(520));
        if plot.form() != Form::Bars {
            members.insert("height".to_owned(), json!(280));
        }
        Some(spec)
    }
}

fn values(plot: &Plot) -> Vec<Value> {
    let row = |point: &super::plot::Point| {
        let mut row = json!({
            "category": plot.categories[point.category].label,
            "group": plot.shade(point.panel, point.group),
            "value": point.value.map(number),
            "low": point.span.map(|(low, _)| number(low)),
            "high": point.span.map(|(_, high)| number(high)),
            "text": point.text,
            "hidden": point.hidden,
        });
        if let Some(positions) = &plot.positions {
            row["position"] = number(positions[point.category]);
            // A level lasts until the next point, whether that one is known or not.
            row["until"] = number(*positions.get(point.category + 1).unwrap_or(&positions[point.category]));
        }
        // Where the text stands: behind the bar, its interval or its bound.
        let ends = point.value.into_iter().chain(point.span.map(|(_, high)| high));
        row["end"] = ends.reduce(f64::max).map_or(Value::Null, number);
        row
    };
    plot.points.iter().map(row).collect()
}

/// A whole number as one, so that 20 does not read 20.0.
#[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 { json!(value as i64) } else { json!(value) }
}

fn labels(plot: &Plot) -> Vec<&str> {
    plot.categories.iter().map(|category| category.label.as_str()).collect()
}

fn scale(plot: &Plot) -> Value {
    let (low, high) = plot.ends();
    if plot.percent { json!({ "domain": [number(low), number(high)] }) } else { json!({ "zero": true }) }
}

/// Colour by group, where there is more than one.
fn colour(plot: &Plot, encoding: &mut Value) {
    let shades = plot.shades();
    if shades.len() > 1 {
        encoding["color"] = json!({ "field": "group", "type": "nominal", "sort": shades, "title": plot.shade_title(),
                "legend": { "orient": "bottom", "symbolOpacity": 1, "symbolType": "square" } });
    }
}

fn tooltip(plot: &Plot) -> Value {
    let field = |field: &str, title: &str| json!({ "field": field, "type": "nominal", "title": title });
    let mut fields = vec![field("category", &plot.category)];
    if plot.shades().len() > 1 {
        fields.push(field("group", &plot.shade_title()));
    }
    fields.push(field("text", &plot.measure));
    Value::Array(fields)
}

fn bars(plot: &Plot) -> (Value, Value) {
    let mut encoding = json!({
        "y": { "field": "category", "type": "nominal", "sort": labels(plot), "title": plot.category,
               "axis": { "labelLimit": 260 } },
    });
    let shades = plot.shades();
    if shades.len() > 1 {
        encoding["yOffset"] = json!({ "field": "group", "type": "nominal", "sort": shades });
    }
    colour(plot, &mut encoding);
    let x = |field: &str| json!({ "field": field, "type": "quantitative", "title": plot.measure, "scale": scale(plot) });
    let layer = json!([
        { "mark": { "type": "bar" }, "encoding": { "x": x("value"), "tooltip": tooltip(plot) } },
        { "mark": { "type": "rule", "color": "#333" },
          "encoding": { "x": x("low"), "x2": { "field": "high" }, "color": { "value": "#333" } } },
        { "mark": { "type": "text", "align": "left", "baseline": "middle", "dx": 4 },
          "encoding": { "x": x("end"), "text": { "field": "text", "type": "nominal" }, "color": { "value": "#222" } } },
    ]);
    (encoding, layer)
}

fn lines(plot: &Plot) -> (Value, Value) {
    let shape = if plot.form() == Form::Steps { "step-after" } else { "linear" };
    let x = if plot.positions.is_some() {
        json!({ "field": "position", "type": "quantitative", "title": plot.category })
    } else {
        json!({ "field": "category", "type": "ordinal", "sort": labels(plot), "title": plot.category })
    };
    let mut encoding = json!({ "x": x });
    colour(plot, &mut encoding);
    let y = |field: &str| json!({ "field": field, "type": "quantitative", "title": plot.measure, "scale": scale(plot) });
    let point = json!({ "mark": { "type": "point", "filled": true, "opacity": 1 },
        "encoding": { "y": y("value"), "tooltip": tooltip(plot) } });
    let line = json!({ "mark": { "type": "line", "interpolate": shape }, "encoding": { "y": y("value") } });
    let layer = if plot.form() == Form::Steps && plot.positions.is_some() {
        let until = json!({ "field": "until" });
        json!([
            { "mark": { "type": "rect", "opacity": 0.2 },
              "encoding": { "x2": until, "y": y("low"), "y2": { "field": "high" } } },
            { "mark": { "type": "rule", "strokeWidth": 2 }, "encoding": { "x2": until, "y": y("value") } },
            line,
            point,
        ])
    } else {
        json!([
            { "mark": { "type": "area", "interpolate": shape, "opacity": 0.2 },
              "encoding": { "y": y("low"), "y2": { "field": "high" } } },
            line,
            point,
        ])
    };
    (encoding, layer)
}
