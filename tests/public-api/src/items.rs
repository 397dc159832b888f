//! The lines of the items that have a path.

use serde_json::Value;

use crate::descriptions::{Descriptions, ItemId, inner, numbers};
use crate::paths::{Paths, has_attribute};
use crate::types::{Writer, list};

/// A line, after the path and the rank by which it is sorted. An item is before its impls.
pub(crate) type Line = (String, u8, String);

/// Returns the lines of all items.
pub(crate) fn lines(descriptions: &Descriptions, paths: &Paths) -> Vec<Line> {
    let mut lines = Vec::new();
    for (id, path, others) in paths.items() {
        let Some(item) = descriptions.item(id) else { continue };
        let writer = Writer { descriptions, paths, package: id.0 };
        item_lines(writer, id, item, path, &mut lines);
        lines.extend(
            others.iter().map(|&other| (other.to_owned(), 0, format!("pub use {path} as {other}"))),
        );
    }
    lines.extend(
        paths
            .foreign
            .iter()
            .map(|(path, source)| (path.clone(), 0, format!("pub use {source} as {path}"))),
    );
    lines
}

fn item_lines(writer: Writer<'_>, id: ItemId, item: &Value, path: &str, lines: &mut Vec<Line>) {
    let (kind, own) = inner(item);
    let generics = &own["generics"];
    let mut head = format!("{}pub ", marks(item));
    match kind {
        "function" => head.push_str(&function(writer, own, path)),
        "constant" => head.push_str(&format!("const {path}: {}", writer.ty(&own["type"]))),
        "static" => head.push_str(&format!("static {path}: {}", writer.ty(&own["type"]))),
        "module" => head.push_str(&format!("mod {path}")),
        "macro" | "proc_macro" => head.push_str(&format!("macro {path}!")),
        "type_alias" => {
            let parameters = writer.parameters(generics);
            head.push_str(&format!("type {path}{parameters} = {}", writer.ty(&own["type"])));
        }
        "struct" | "enum" | "union" | "trait" => {
            head.push_str(&format!("{kind} {path}{}", writer.parameters(generics)));
            let bounds = writer.bounds(&own["bounds"]);
            if !bounds.is_empty() {
                head.push_str(&format!(": {bounds}"));
            }
            head.push_str(&writer.predicates(generics));
            let kind = &own["kind"];
            if kind["plain"]["has_stripped_fields"] == true
                || list(&kind["tuple"]).any(Value::is_null)
            {
                head.push_str(" { .. }");
            }
            for fields in [&kind["plain"]["fields"], &kind["tuple"]] {
                field_lines(writer, id, fields, path, lines);
            }
            variant_lines(writer, id, &own["variants"], path, lines);
            for member in numbers(&own["items"]) {
                let Some(member) = writer.descriptions.item((id.0, member)) else { continue };
                lines.push(member_line(writer, member, path));
            }
        }
        other => head.push_str(&format!("{other} {path}")),
    }
    lines.push((path.to_owned(), 0, head));
}

/// Attributes on which a user's code depends.
fn marks(item: &Value) -> String {
    let mut marks = String::new();
    if has_attribute(item, "non_exhaustive") {
        marks.push_str("#[non_exhaustive] ");
    }
    if !item["deprecation"].is_null() {
        marks.push_str("#[deprecated] ");
    }
    marks
}

fn function(writer: Writer<'_>, own: &Value, path: &str) -> String {
    let header = &own["header"];
    let mut text = String::new();
    for (key, word) in [("is_const", "const "), ("is_async", "async "), ("is_unsafe", "unsafe ")] {
        if header[key] == true {
            text.push_str(word);
        }
    }
    let (parameters, predicates) =
        (writer.parameters(&own["generics"]), writer.predicates(&own["generics"]));
    let signature = writer.signature(&own["sig"]);
    text + &format!("fn {path}{parameters}{signature}{predicates}")
}

fn field_lines(writer: Writer<'_>, id: ItemId, fields: &Value, path: &str, lines: &mut Vec<Line>) {
    for field in numbers(fields) {
        let Some(field) = writer.descriptions.item((id.0, field)) else { continue };
        let path = format!("{path}::{}", field["name"].as_str().unwrap_or_default());
        let line = format!("pub {path}: {}", writer.ty(inner(field).1));
        lines.push((path, 0, line));
    }
}

fn variant_lines(writer: Writer<'_>, id: ItemId, all: &Value, path: &str, lines: &mut Vec<Line>) {
    for number in numbers(all) {
        let Some(variant) = writer.descriptions.item((id.0, number)) else { continue };
        let path = format!("{path}::{}", variant["name"].as_str().unwrap_or_default());
        let kind = &inner(variant).1["kind"];
        let field = |number: u64| {
            let field = writer.descriptions.item((id.0, number))?;
            Some(writer.ty(inner(field).1))
        };
        let mut line = format!("{}pub {path}", marks(variant));
        if kind["tuple"].is_array() {
            let types: Vec<String> = numbers(&kind["tuple"]).filter_map(field).collect();
            line.push_str(&format!("({})", types.join(", ")));
        } else if kind["struct"].is_object() {
            line.push_str(" { .. }");
            field_lines(writer, id, &kind["struct"]["fields"], &path, lines);
        }
        lines.push((path, 0, line));
    }
}

/// The line of a member of a trait, or of an impl without a trait.
pub(crate) fn member_line(writer: Writer<'_>, member: &Value, path: &str) -> Line {
    let (kind, own) = inner(member);
    let path = format!("{path}::{}", member["name"].as_str().unwrap_or_default());
    let text = match kind {
        "function" => function(writer, own, &path),
        "assoc_const" => format!("const {path}: {}", writer.ty(&own["type"])),
        "assoc_type" => {
            let bounds = writer.bounds(&own["bounds"]);
            let bounds = if bounds.is_empty() { bounds } else { format!(": {bounds}") };
            format!("type {path}{}{bounds}", writer.parameters(&own["generics"]))
        }
        other => format!("{other} {path}"),
    };
    // A user who implements a trait need not write the methods that have a body.
    let is_provided =
        kind == "function" && own["has_body"] == true && member["visibility"] == "default";
    let provided = if is_provided { " { .. }" } else { "" };
    let line = format!("{}pub {text}{provided}", marks(member));
    (path, 0, line)
}
