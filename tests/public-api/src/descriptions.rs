//! The descriptions of the packages, as rustdoc writes them.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

/// The packages whose items `aside` exports.
pub(crate) const PACKAGES: [&str; 4] =
    ["aside", "runtime_blocking", "runtime_core", "runtime_executor"];

/// An item: the index of its package, and its number there.
pub(crate) type ItemId = (usize, u64);

#[derive(Debug)]
pub(crate) struct Descriptions(Vec<Value>);

impl Descriptions {
    pub(crate) fn read(folder: &Path) -> io::Result<Descriptions> {
        let read = |package: &&str| -> io::Result<Value> {
            let text = fs::read_to_string(folder.join(format!("{package}.json")))?;
            Ok(serde_json::from_str(&text)?)
        };
        PACKAGES.iter().map(read).collect::<io::Result<_>>().map(Descriptions)
    }

    /// The module at the root of `aside`.
    pub(crate) fn root(&self) -> ItemId {
        (0, self.0[0]["root"].as_u64().expect("a crate has a root"))
    }

    /// The description of an item; `None` if the item belongs to another author's crate.
    pub(crate) fn item(&self, (package, id): ItemId) -> Option<&Value> {
        let item = &self.0[package]["index"][id.to_string()];
        (!item.is_null()).then_some(item)
    }

    /// The items of one package.
    pub(crate) fn items(&self, package: usize) -> impl Iterator<Item = &Value> {
        self.0[package]["index"].as_object().into_iter().flat_map(|index| index.values())
    }

    /// The package in which an item is described. An item of a lower package has one number there,
    /// and another one in each package that mentions it.
    pub(crate) fn home(&self, (package, id): ItemId) -> ItemId {
        if self.item((package, id)).is_some() {
            return (package, id);
        }
        let Some(path) = self.full_path((package, id)) else { return (package, id) };
        let Some(home) = PACKAGES.iter().position(|name| path[0] == *name) else {
            return (package, id);
        };
        let paths = self.0[home]["paths"].as_object().expect("a description has paths");
        let own = paths.iter().find(|(_, other)| other["crate_id"] == 0 && other["path"] == path);
        own.map_or((package, id), |(number, _)| (home, number.parse().expect("a number")))
    }

    /// Returns true for an item of one of the packages, exported or not.
    pub(crate) fn is_own(&self, id: ItemId) -> bool {
        let is_ours = |path: Value| PACKAGES.iter().any(|name| path[0] == *name);
        self.item(id).is_some() || self.full_path(id).is_some_and(is_ours)
    }

    /// The path of an item from the root of its crate, as text.
    pub(crate) fn full_name(&self, id: ItemId) -> Option<String> {
        let path = self.full_path(id)?;
        let parts: Vec<&str> = path.as_array()?.iter().filter_map(Value::as_str).collect();
        Some(parts.join("::"))
    }

    /// The path of an item from the root of its crate, private modules included.
    fn full_path(&self, (package, id): ItemId) -> Option<Value> {
        let path = &self.0[package]["paths"][id.to_string()]["path"];
        path.is_array().then(|| path.clone())
    }
}

/// The kind of an item, and what is specific to the kind.
pub(crate) fn inner(item: &Value) -> (&str, &Value) {
    let inner = item["inner"].as_object().and_then(|inner| inner.iter().next());
    inner.map_or(("unknown", &Value::Null), |(kind, inner)| (kind, inner))
}

/// The numbers in a list.
pub(crate) fn numbers(list: &Value) -> impl Iterator<Item = u64> {
    list.as_array().into_iter().flatten().filter_map(Value::as_u64)
}
