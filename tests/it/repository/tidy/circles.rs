//! No two files of a package import each other, directly or indirectly.

use super::assert_none;
use super::graph::Graph;

/// Where circles are left: shrinks to nothing.
const LEFT: &[&str] = &["runtime-blocking/src/", "runtime-executor/src/", "src/net/"];

#[test]
fn no_two_files_of_a_package_import_each_other() {
    let graph = Graph::read();
    let mut found = Vec::new();
    for circle in graph.circles() {
        let file = |module: usize| graph.modules[module].file.as_str();
        if LEFT.iter().any(|folder| file(circle[0]).starts_with(folder)) {
            continue;
        }
        found.push(format!("a circle of {} files:", circle.len()));
        for &from in &circle {
            let edges = graph.edges[from].iter().filter(|to| circle.contains(to));
            let edges: Vec<&str> = edges.map(|&to| file(to)).collect();
            found.push(format!("  {} imports {}", file(from), edges.join(", ")));
        }
    }
    assert_none(found, "files that import each other");
}
