//! The lines of methods and of implemented traits.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::descriptions::{Descriptions, PACKAGES, inner, numbers};
use crate::items::{Line, member_line};
use crate::paths::Paths;
use crate::types::Writer;

/// Traits that the compiler implements, and that users do not name.
const HIDDEN: [&str; 3] = ["Freeze", "StructuralPartialEq", "UnsafeUnpin"];

/// Traits that the compiler implements, and that users do name. A line lists those of a type.
const AUTOMATIC: [&str; 5] = ["RefUnwindSafe", "Send", "Sync", "Unpin", "UnwindSafe"];

/// Returns the lines of all impls for the items that have a path, and for types of other authors.
pub(crate) fn lines(descriptions: &Descriptions, paths: &Paths) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut auto: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in 0..PACKAGES.len() {
        let writer = Writer { descriptions, paths, package };
        for item in descriptions.items(package) {
            let ("impl", own) = inner(item) else { continue };
            let name = writer.path(&own["trait"]);
            let is_meant = own["blanket_impl"].is_null() && !HIDDEN.contains(&name.as_str());
            if !is_meant || mentions_unreachable(writer, own) {
                continue;
            }
            let ty = writer.ty(&own["for"]);
            let plain = ty.split('<').next().unwrap_or_default().trim_start_matches('&');
            let path = format!("aside::{plain}");
            if own["trait"].is_null() {
                for member in numbers(&own["items"]) {
                    let Some(member) = descriptions.item((package, member)) else { continue };
                    lines.push(member_line(writer, member, &path));
                }
            } else if AUTOMATIC.contains(&name.as_str()) {
                auto.entry(path).or_default().push(automatic(writer, own, &name));
            } else {
                lines.push((path, 1, implemented(writer, own, &name, &ty)));
            }
        }
    }
    for (path, mut traits) in auto {
        traits.sort();
        let line = format!("impl {} for {path}", traits.join("; "));
        lines.push((path, 1, line));
    }
    lines
}

/// The name of an automatic trait, negated or with its condition.
fn automatic(writer: Writer<'_>, own: &Value, name: &str) -> String {
    let negation = if own["is_negative"] == true { "!" } else { "" };
    let condition = writer.predicates(&own["generics"]).replacen(" where ", " if ", 1);
    format!("{negation}{name}{condition}")
}

/// An impl of a trait, with its associated types.
fn implemented(writer: Writer<'_>, own: &Value, name: &str, ty: &str) -> String {
    let generics = &own["generics"];
    let mut types = Vec::new();
    for member in numbers(&own["items"]) {
        let Some(member) = writer.descriptions.item((writer.package, member)) else { continue };
        if let ("assoc_type", own) = inner(member) {
            let name = member["name"].as_str().unwrap_or_default();
            let ty = &own["type"];
            let is_hidden = writer.contains_unreachable(ty);
            let ty = if is_hidden { "..".to_owned() } else { writer.ty(ty) };
            types.push(format!("{name} = {ty}"));
        }
    }
    let types =
        if types.is_empty() { String::new() } else { format!(" {{ {} }}", types.join(", ")) };
    let (parameters, predicates) = (writer.parameters(generics), writer.predicates(generics));
    format!("impl{parameters} {name} for {ty}{predicates}{types}")
}

/// Returns true if the type or the trait of an impl contains an item of ours that has no path.
fn mentions_unreachable(writer: Writer<'_>, own: &Value) -> bool {
    [&own["for"], &own["trait"]].into_iter().any(|part| writer.contains_unreachable(part))
}
