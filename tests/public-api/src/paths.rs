//! The paths by which a user reaches the items of `aside`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::descriptions::{Descriptions, ItemId, inner, numbers};

/// The public paths of all items.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    all: BTreeMap<ItemId, BTreeSet<String>>,
    /// The re-exports of items of other authors' crates: the path, and the name there.
    pub(crate) foreign: BTreeMap<String, String>,
}

impl Paths {
    pub(crate) fn new(descriptions: &Descriptions) -> Paths {
        let mut paths = Paths::default();
        paths.add(descriptions, descriptions.root(), "aside".to_owned());
        paths
    }

    /// Adds an item, and all items inside it if it is a module.
    fn add(&mut self, descriptions: &Descriptions, id: ItemId, path: String) {
        if !self.all.entry(id).or_default().insert(path.clone()) {
            return;
        }
        let Some(item) = descriptions.item(id) else { return };
        if let ("module", module) = inner(item) {
            for child in numbers(&module["items"]) {
                self.add_child(descriptions, (id.0, child), &path);
            }
        }
    }

    fn add_child(&mut self, descriptions: &Descriptions, id: ItemId, parent: &str) {
        let Some(item) = descriptions.item(id) else { return };
        let ("use", reexport) = inner(item) else {
            let name = item["name"].as_str().unwrap_or_default();
            return self.add(descriptions, id, format!("{parent}::{name}"));
        };
        let name = reexport["name"].as_str().unwrap_or_default();
        let target = reexport["id"].as_u64().map(|target| descriptions.home((id.0, target)));
        let module = target.and_then(|target| Some((target, descriptions.item(target)?)));
        match module {
            Some((target, module)) if reexport["is_glob"] == true => {
                for child in numbers(&inner(module).1["items"]) {
                    self.add_child(descriptions, (target.0, child), parent);
                }
            }
            Some((target, _)) => self.add(descriptions, target, format!("{parent}::{name}")),
            None => {
                let named = || reexport["source"].as_str().unwrap_or_default().to_owned();
                let number = reexport["id"].as_u64();
                let full = number.and_then(|number| descriptions.full_name((id.0, number)));
                let source = full.unwrap_or_else(named);
                self.foreign.insert(format!("{parent}::{name}"), source);
            }
        }
    }

    /// The items with their shortest path, and their other paths.
    pub(crate) fn items(&self) -> impl Iterator<Item = (ItemId, &str, Vec<&str>)> {
        self.all.iter().map(|(&id, paths)| {
            let shortest = shortest(paths);
            let others = paths.iter().map(String::as_str).filter(|path| *path != shortest);
            (id, shortest, others.collect())
        })
    }

    /// The shortest public path of an item.
    pub(crate) fn of(&self, id: ItemId) -> Option<&str> {
        self.all.get(&id).map(shortest)
    }
}

fn shortest(paths: &BTreeSet<String>) -> &str {
    let depth = |path: &&String| path.matches("::").count();
    paths.iter().min_by_key(depth).expect("an item has a path")
}

/// Returns true if a description has an attribute. The form of attributes differs between versions.
pub(crate) fn has_attribute(item: &Value, name: &str) -> bool {
    let attributes = item["attrs"].as_array().into_iter().flatten();
    attributes.into_iter().any(|attribute| attribute.to_string().contains(name))
}
