//! The import graph of the published packages, read from `use` lines and from paths in the code.
//!
//! A re-export is not an edge: a path through it leads to the file that defines the item. A `use`
//! of a module is not an edge either, but each path that begins with the module's name is an edge.

use std::collections::BTreeSet;

use crate::sources::{Source, files};

/// The packages: name in paths, folder of the source.
pub(crate) const PACKAGES: [(&str, &str); 6] = [
    ("runtime_core", "runtime-core/src/"),
    ("runtime_executor", "runtime-executor/src/"),
    ("runtime_blocking", "runtime-blocking/src/"),
    ("aside_macros", "macros/src/"),
    ("aside_trace", "trace/src/"),
    ("aside", "src/"),
];

/// A `use` of one item.
struct Import {
    path: Vec<String>,
    name: String,
    is_public: bool,
}

/// One file, as a module of its package.
pub(crate) struct Module {
    pub(crate) file: String,
    package: usize,
    /// The path of the module within its package.
    path: Vec<String>,
    imports: Vec<Import>,
    /// The paths in the code outside of `use` lines.
    paths: Vec<Vec<String>>,
    /// The identifiers outside of `use` lines.
    words: BTreeSet<String>,
}

/// All modules, and the modules that each of them imports, by index.
pub(crate) struct Graph {
    pub(crate) modules: Vec<Module>,
    pub(crate) edges: Vec<BTreeSet<usize>>,
}

impl Graph {
    /// Reads the source of the packages, without their tests.
    pub(crate) fn read() -> Graph {
        let sources = files(".rs");
        let modules = sources.iter().filter(|source| source.is_product()).map(Module::read);
        let mut graph = Graph { modules: modules.collect(), edges: Vec::new() };
        graph.edges = (0..graph.modules.len()).map(|module| graph.edges_of(module)).collect();
        graph
    }

    fn edges_of(&self, from: usize) -> BTreeSet<usize> {
        let module = &self.modules[from];
        let is_used = |import: &&Import| !import.is_public || module.words.contains(&import.name);
        let imports = module.imports.iter().filter(is_used).map(|import| &import.path);
        let all = imports.chain(&module.paths);
        let targets = all.filter_map(|path| self.target(from, path, 0));
        targets.filter(|&target| target != from).collect()
    }

    fn find(&self, package: usize, path: &[String]) -> Option<usize> {
        self.modules.iter().position(|module| module.package == package && module.path == path)
    }

    /// The module that defines the item named by `path` in the module `from`.
    fn target(&self, from: usize, path: &[String], depth: usize) -> Option<usize> {
        let (package, path) = self.absolute(from, path, depth)?;
        let length = (0..=path.len()).rev().find(|&n| self.find(package, &path[..n]).is_some())?;
        let module = self.find(package, &path[..length])?;
        let rest = &path[length..];
        let imports = &self.modules[module].imports;
        let through = imports.iter().find(|import| rest.contains(&import.name) && depth < 8);
        match through {
            Some(import) => self.target(module, &import.path, depth + 1).or(Some(module)),
            // The root of a crate defines nothing: the rest is the name of a macro.
            None => (!rest.is_empty() && length > 0).then_some(module),
        }
    }

    /// Resolves a path in the module `from` to a package and a path within it.
    fn absolute(&self, from: usize, path: &[String], depth: usize) -> Option<(usize, Vec<String>)> {
        let module = &self.modules[from];
        let first = path.first()?;
        let mut base = module.path.clone();
        let mut rest = path;
        match first.as_str() {
            "crate" => return Some((module.package, path[1..].to_vec())),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            name => {
                if let Some(package) = PACKAGES.iter().position(|(package, _)| *package == name) {
                    return Some((package, path[1..].to_vec()));
                }
                base.push(name.to_owned());
                rest = &path[1..];
                if self.find(module.package, &base).is_none() {
                    let import = module.imports.iter().find(|import| import.name == name)?;
                    if depth > 8 || import.path == path[..1] {
                        return None;
                    }
                    let (package, mut base) = self.absolute(from, &import.path, depth + 1)?;
                    base.extend_from_slice(rest);
                    return Some((package, base));
                }
            }
        }
        base.extend_from_slice(rest);
        Some((module.package, base))
    }

    /// The circles: sets of modules that import each other, directly or indirectly.
    pub(crate) fn circles(&self) -> Vec<Vec<usize>> {
        let reached: Vec<_> = (0..self.modules.len()).map(|from| self.reach(from)).collect();
        let mut circles = BTreeSet::new();
        for module in 0..self.modules.len() {
            if reached[module].contains(&module) {
                let is_with = |&&other: &&usize| reached[other].contains(&module);
                circles.insert(reached[module].iter().filter(is_with).copied().collect());
            }
        }
        circles.into_iter().collect()
    }

    fn reach(&self, from: usize) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut left: Vec<usize> = self.edges[from].iter().copied().collect();
        while let Some(module) = left.pop() {
            if reached.insert(module) {
                left.extend(&self.edges[module]);
            }
        }
        reached
    }
}

impl Module {
    fn read(source: &Source) -> Module {
        let is_own = |(_, folder): &(&str, &str)| source.path.starts_with(folder);
        let package = PACKAGES.iter().position(is_own).expect("it is a package's");
        let path = source.path[PACKAGES[package].1.len()..].trim_end_matches(".rs");
        let mut path: Vec<String> = path.split('/').map(str::to_owned).collect();
        path.pop_if(|last| matches!(last.as_str(), "lib" | "mod"));
        let code: Vec<String> = source.code().map(|(_, line)| line).collect();
        let mut module = Module {
            file: source.path.clone(),
            package,
            path,
            imports: Vec::new(),
            paths: Vec::new(),
            words: BTreeSet::new(),
        };
        module.read_code(&tokens(&code.join("\n")));
        module
    }

    fn read_code(&mut self, tokens: &[&str]) {
        let mut at = 0;
        while at < tokens.len() {
            let before = at.checked_sub(1).map_or("", |before| tokens[before]);
            if tokens[at] == "use" && tokens.get(at + 1) != Some(&"<") {
                at += 1;
                self.read_use(tokens, &mut at, &[], before == "pub" || before == ")");
            } else if is_word(tokens[at]) && before != "::" {
                let mut path = vec![tokens[at].to_owned()];
                while tokens.get(at + 1) == Some(&"::")
                    && tokens.get(at + 2).is_some_and(|next| is_word(next))
                {
                    at += 2;
                    path.push(tokens[at].to_owned());
                }
                self.words.extend(path.iter().cloned());
                if path.len() > 1 {
                    self.paths.push(path);
                }
            }
            at += 1;
        }
    }

    /// Reads one branch of a `use` tree, up to its `,`, `}` or `;`.
    fn read_use(&mut self, tokens: &[&str], at: &mut usize, prefix: &[String], is_public: bool) {
        let mut path = prefix.to_vec();
        let mut name = None;
        let start = *at;
        while *at < tokens.len() {
            match tokens[*at] {
                "::" => {}
                "{" => {
                    while tokens[*at] != "}" {
                        *at += 1;
                        self.read_use(tokens, at, &path, is_public);
                    }
                    *at += 1;
                    return;
                }
                "as" => {
                    *at += 1;
                    name = Some(tokens[*at].to_owned());
                }
                "," | "}" | ";" => break,
                word => path.push(word.to_owned()),
            }
            *at += 1;
        }
        // `a::{self, b}` imports `a`.
        if path.len() > 1 {
            path.pop_if(|last| last == "self");
        }
        if *at > start {
            let name = name.unwrap_or_else(|| path[path.len() - 1].clone());
            self.imports.push(Import { path, name, is_public });
        }
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Splits code into words, `::`, and single characters.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_part = |character: char| character.is_alphanumeric() || character == '_';
        let length = if is_part(first) {
            rest.find(|character| !is_part(character)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}
