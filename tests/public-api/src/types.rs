//! Types, bounds and generic parameters, as Rust writes them.

use serde_json::Value;

use crate::descriptions::Descriptions;
use crate::paths::Paths;

/// Writes what one package's description contains.
#[derive(Clone, Copy)]
pub(crate) struct Writer<'a> {
    pub(crate) descriptions: &'a Descriptions,
    pub(crate) paths: &'a Paths,
    pub(crate) package: usize,
}

/// The elements of a list, none for null.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn mutable(value: &Value) -> &'static str {
    if value["is_mutable"] == true { "mut " } else { "" }
}

impl Writer<'_> {
    fn join<'v>(
        self,
        values: impl Iterator<Item = &'v Value>,
        write: impl Fn(Self, &Value) -> String,
        separator: &str,
    ) -> String {
        values.map(|value| write(self, value)).collect::<Vec<_>>().join(separator)
    }

    pub(crate) fn ty(self, ty: &Value) -> String {
        if ty == "infer" {
            return "_".to_owned();
        }
        let Some((kind, inner)) = ty.as_object().and_then(|ty| ty.iter().next()) else {
            return "?".to_owned();
        };
        match kind.as_str() {
            "resolved_path" => self.path(inner),
            "generic" | "primitive" if inner == "never" => "!".to_owned(),
            "generic" | "primitive" => text(inner).to_owned(),
            "tuple" => match inner.as_array().map_or(0, Vec::len) {
                1 => format!("({},)", self.ty(&inner[0])),
                _ => format!("({})", self.join(list(inner), Self::ty, ", ")),
            },
            "slice" => format!("[{}]", self.ty(inner)),
            "array" => format!("[{}; {}]", self.ty(&inner["type"]), text(&inner["len"])),
            "impl_trait" => format!("impl {}", self.bounds(inner)),
            "raw_pointer" => {
                let kind = if inner["is_mutable"] == true { "mut" } else { "const" };
                format!("*{kind} {}", self.ty(&inner["type"]))
            }
            "borrowed_ref" => {
                let lifetime =
                    inner["lifetime"].as_str().map_or(String::new(), |l| format!("{l} "));
                format!("&{lifetime}{}{}", mutable(inner), self.ty(&inner["type"]))
            }
            "dyn_trait" => self.dyn_trait(inner),
            "function_pointer" => {
                format!("{}fn{}", self.binder(inner), self.signature(&inner["sig"]))
            }
            "qualified_path" => self.qualified(inner),
            other => format!("?{other}"),
        }
    }

    fn dyn_trait(self, inner: &Value) -> String {
        let bound = |writer: Self, bound: &Value| {
            format!("{}{}", writer.binder(bound), writer.path(&bound["trait"]))
        };
        let traits = self.join(list(&inner["traits"]), bound, " + ");
        match inner["lifetime"].as_str() {
            Some(lifetime) => format!("dyn {traits} + {lifetime}"),
            None => format!("dyn {traits}"),
        }
    }

    fn qualified(self, inner: &Value) -> String {
        let (of, name) = (self.ty(&inner["self_type"]), text(&inner["name"]));
        let arguments = self.arguments(&inner["args"]);
        let trait_ = &inner["trait"];
        let is_plain = trait_.is_null() || trait_["path"] == "" || of == "Self";
        if is_plain {
            return format!("{of}::{name}{arguments}");
        }
        format!("<{of} as {}>::{name}{arguments}", self.path(trait_))
    }

    /// A path with its arguments: the public path of an item of ours, without `aside`, and the last
    /// part of any other path.
    pub(crate) fn path(self, path: &Value) -> String {
        let id = path["id"].as_u64().map(|id| self.descriptions.home((self.package, id)));
        // Before version 41 of the format, the key was `name`.
        let written = path["path"].as_str().or(path["name"].as_str()).unwrap_or_default();
        let name = match id.and_then(|id| self.paths.of(id)) {
            Some(own) => own.trim_start_matches("aside::"),
            None => short(written),
        };
        format!("{name}{}", self.arguments(&path["args"]))
    }

    fn arguments(self, arguments: &Value) -> String {
        let Some((kind, inner)) = arguments.as_object().and_then(|kinds| kinds.iter().next())
        else {
            return String::new();
        };
        if kind == "parenthesized" {
            let inputs = self.join(list(&inner["inputs"]), Self::ty, ", ");
            return format!("({inputs}){}", self.output(&inner["output"]));
        }
        let mut all: Vec<String> = list(&inner["args"]).map(|arg| self.argument(arg)).collect();
        all.extend(list(&inner["constraints"]).map(|constraint| {
            let name = text(&constraint["name"]);
            let binding = &constraint["binding"];
            match binding.get("equality") {
                Some(term) => format!("{name} = {}", self.argument(term)),
                None => format!("{name}: {}", self.bounds(&binding["constraint"])),
            }
        }));
        if all.is_empty() { String::new() } else { format!("<{}>", all.join(", ")) }
    }

    fn argument(self, argument: &Value) -> String {
        if let Some(lifetime) = argument["lifetime"].as_str() {
            lifetime.to_owned()
        } else if let Some(ty) = argument.get("type") {
            self.ty(ty)
        } else {
            text(&argument["const"]["expr"]).to_owned()
        }
    }

    pub(crate) fn bounds(self, bounds: &Value) -> String {
        self.join(list(bounds), Self::bound, " + ")
    }

    fn bound(self, bound: &Value) -> String {
        if let Some(lifetime) = bound["outlives"].as_str() {
            return lifetime.to_owned();
        }
        let Some(bound) = bound.get("trait_bound") else {
            let captured = list(&bound["use"])
                .map(|name| name["lifetime"].as_str().or(name["param"].as_str()));
            let captured: Vec<&str> = captured.flatten().collect();
            return format!("use<{}>", captured.join(", "));
        };
        let maybe = if bound["modifier"] == "maybe" { "?" } else { "" };
        format!("{}{maybe}{}", self.binder(bound), self.path(&bound["trait"]))
    }

    /// The lifetimes of `for<'a>`.
    fn binder(self, bound: &Value) -> String {
        let names: Vec<&str> =
            list(&bound["generic_params"]).map(|name| text(&name["name"])).collect();
        if names.is_empty() { String::new() } else { format!("for<{}> ", names.join(", ")) }
    }

    /// The parameters of an item, in angle brackets.
    pub(crate) fn parameters(self, generics: &Value) -> String {
        let mut all = Vec::new();
        for parameter in list(&generics["params"]) {
            let (name, kind) = (text(&parameter["name"]), &parameter["kind"]);
            if let Some(ty) = kind.get("const") {
                all.push(format!("const {name}: {}", self.ty(&ty["type"])));
            } else if kind["type"]["is_synthetic"] != true {
                let bounds = self.bounds(&kind["type"]["bounds"]);
                let bounds = if bounds.is_empty() { bounds } else { format!(": {bounds}") };
                let default = &kind["type"]["default"];
                let default = if default.is_null() {
                    String::new()
                } else {
                    format!(" = {}", self.ty(default))
                };
                all.push(format!("{name}{bounds}{default}"));
            }
        }
        if all.is_empty() { String::new() } else { format!("<{}>", all.join(", ")) }
    }

    /// Returns true if a type, or a bound, contains an item of ours that has no path.
    pub(crate) fn contains_unreachable(self, value: &Value) -> bool {
        match value {
            Value::Array(values) => values.iter().any(|value| self.contains_unreachable(value)),
            Value::Object(fields) => {
                let is_path = fields.contains_key("id") && fields.contains_key("args");
                let id = value["id"].as_u64().filter(|_| is_path);
                let home = id.map(|id| self.descriptions.home((self.package, id)));
                let is_unreachable = home.is_some_and(|home| {
                    self.descriptions.is_own(home) && self.paths.of(home).is_none()
                });
                is_unreachable || fields.values().any(|value| self.contains_unreachable(value))
            }
            _ => false,
        }
    }

    /// The `where` clause of an item. Bounds by items that have no path are private matters.
    pub(crate) fn predicates(self, generics: &Value) -> String {
        let all: Vec<String> = list(&generics["where_predicates"])
            .filter(|predicate| !self.contains_unreachable(predicate))
            .map(|predicate| self.predicate(predicate))
            .collect();
        if all.is_empty() { String::new() } else { format!(" where {}", all.join(", ")) }
    }

    fn predicate(self, predicate: &Value) -> String {
        if let Some(bound) = predicate.get("bound_predicate") {
            let of = self.ty(&bound["type"]);
            return format!("{}{of}: {}", self.binder(bound), self.bounds(&bound["bounds"]));
        }
        if let Some(lifetime) = predicate.get("lifetime_predicate") {
            let longer: Vec<&str> = list(&lifetime["outlives"]).map(text).collect();
            return format!("{}: {}", text(&lifetime["lifetime"]), longer.join(" + "));
        }
        let equal = &predicate["eq_predicate"];
        format!("{} = {}", self.ty(&equal["lhs"]), self.argument(&equal["rhs"]))
    }

    /// The arguments and the result of a function.
    pub(crate) fn signature(self, signature: &Value) -> String {
        let input = |writer: Self, input: &Value| {
            let (name, ty) = (text(&input[0]), writer.ty(&input[1]));
            match (name, ty.as_str()) {
                ("self", "Self") => "self".to_owned(),
                ("self", "&Self") => "&self".to_owned(),
                ("self", "&mut Self") => "&mut self".to_owned(),
                ("_" | "", _) => ty,
                _ => format!("{name}: {ty}"),
            }
        };
        let inputs = self.join(list(&signature["inputs"]), input, ", ");
        format!("({inputs}){}", self.output(&signature["output"]))
    }

    fn output(self, output: &Value) -> String {
        if output.is_null() { String::new() } else { format!(" -> {}", self.ty(output)) }
    }
}

/// The last part of a path, or the last two where one says too little: `io::Result`.
fn short(path: &str) -> &str {
    let Some((module, name)) = path.rsplit_once("::") else { return path };
    if matches!(name, "Result" | "Error" | "Builder") {
        let module = module.rsplit("::").next().unwrap_or(module);
        return &path[path.len() - name.len() - 2 - module.len()..];
    }
    name
}
