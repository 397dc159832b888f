//! No two files of a package import each other, directly or indirectly, and imports lead to lower
//! floors.

use super::assert_none;
use super::graph::Graph;

#[test]
fn no_two_files_of_a_package_import_each_other() {
    let graph = Graph::read();
    let mut found = Vec::new();
    for circle in graph.circles() {
        let file = |module: usize| graph.modules[module].file.as_str();
        found.push(format!("a circle of {} files:", circle.len()));
        for &from in &circle {
            let edges = graph.edges[from].iter().filter(|to| circle.contains(to));
            let edges: Vec<&str> = edges.map(|&to| file(to)).collect();
            found.push(format!("  {} imports {}", file(from), edges.join(", ")));
        }
    }
    assert_none(found, "files that import each other");
}

/// The floors of each package, the lowest first. A room is a file or a folder; a file belongs to
/// the room with the longest path that contains it. The imports of a file lead to its own room or
/// to a lower floor.
const FLOORS: &[(&str, &[&[&str]])] = &[
    (
        "runtime-core/src/",
        &[
            &["sync"],
            &["bit_set", "budget"],
            &["catch_panic", "fork", "debug_message", "large", "metadata", "runtime_gone", "slab"],
            &["blocking_driver", "clock", "context", "host_signal", "join_error", "unwinding"],
            &["park", "record", "task_list", "watched_loop"],
            &["completion", "spin"],
            &["awaiter", "join"],
            &["abort_handle", "abort_on_drop"],
            &["unwind_safe"],
        ],
    ),
    (
        "runtime-executor/src/",
        &[
            &[
                "reactor",
                "scheduler/host_state",
                "scheduler/loop_spin",
                "scheduler/no_runtime",
                "scheduler/observer",
                "scheduler/report",
                "scheduler/shuffle",
                "time/timer_queue",
            ],
            &["scheduler/shared"],
            &["task"],
            &["scheduler/thread_waker", "survey/main_future", "time/clock_hold"],
            &["scheduler/core"],
            &["scheduler/current", "scheduler/idle_check"],
            &["scheduler/enter", "scheduler/remote_spawn", "time/loop_timer", "time/virtual_time"],
            &["scheduler/idle", "survey"],
            &["scheduler/handle", "scheduler/turn"],
            &["scheduler", "time/sleep"],
            &["survey/questions", "time"],
            &["unwind_safe"],
        ],
    ),
    (
        "runtime-blocking/src/",
        &[
            &["queue/ticket"],
            &[
                "deadlock/deadlock_error",
                "deadlock/wait_tracking",
                "pool/submit_error",
                "queue/lane_config",
                "queue/permit",
                "worker/current",
                "worker/round",
                "worker/signal_mask",
                "worker/start_backoff",
            ],
            &[
                "deadlock/wait_graph",
                "deadlock/wait_table",
                "job",
                "worker/cores",
                "worker/policy",
                "worker/thread_handles",
            ],
            &["pool/settings", "queue/job_list", "worker/growth", "worker/table"],
            &["pool/no_thread", "queue/lane_state", "worker/worker_spin"],
            &["queue"],
            &["pool/shared"],
            &["pool/fork_guard", "pool/quiet", "pool/removal", "pool/stats"],
            &["deadlock", "pool/report"],
            &["pool/shutdown"],
            &["pool/lane_owner", "pool/owner", "worker/core_follower"],
            &["worker/lifecycle"],
            &["pool/lane", "worker"],
            &["pinned", "pool"],
        ],
    ),
    (
        "trace/src/",
        &[
            &["escape", "json", "recording", "reducer/change", "reducer/ordered"],
            &["reducer/step"],
            &[
                "reducer/descriptors",
                "reducer/event_loop",
                "reducer/inbox",
                "reducer/jobs",
                "reducer/tasks",
                "reducer/timers",
                "reducer/workers",
            ],
            &["reducer/ready_queue", "reducer/state"],
            &["reducer/dispatch", "reducer/rows"],
            &["reducer"],
            &["sentence"],
            &["chrome", "replay", "timeline"],
            &["film"],
        ],
    ),
    ("macros/src/", &[&["syntax_error"], &["options"], &["function"], &["expand"]]),
    (
        "src/",
        &[
            &["attributes", "macro_support"],
            &["closing_files", "lookups", "runtime_gone", "wake_thread"],
            &["gather", "handle", "observe", "shutdown_report", "time"],
            &["blocking", "context", "io", "runtime"],
            &["net", "observed_builder", "observed_runtime", "sleep_builder"],
            &["embedding", "enter", "fs", "process", "process_pool", "run", "signal", "task_list"],
            &["compat", "coop", "named", "task"],
            &["unwind_safe"],
        ],
    ),
];

/// The room of a file, and its floor.
fn room<'a>(floors: &[&[&'a str]], file: &str) -> Option<(&'a str, usize)> {
    let name = file.trim_end_matches(".rs");
    let is_in = |room: &str| name == room || name.starts_with(&format!("{room}/"));
    let rooms = floors.iter().enumerate().flat_map(|(floor, rooms)| {
        rooms.iter().filter(|room| is_in(room)).map(move |&room| (room, floor))
    });
    rooms.max_by_key(|(room, _)| room.len())
}

#[test]
fn imports_lead_to_lower_floors() {
    let graph = Graph::read();
    let mut found = Vec::new();
    for &(package, floors) in FLOORS {
        for (module, edges) in graph.modules.iter().zip(&graph.edges) {
            let Some(file) = module.file.strip_prefix(package) else { continue };
            // These files have no floor: `lib.rs` names all rooms, and `compile_fail.rs` has only
            // code that must not compile.
            if matches!(file, "lib.rs" | "compile_fail.rs") {
                continue;
            }
            let Some((own, floor)) = room(floors, file) else {
                found.push(format!("{} has no floor", module.file));
                continue;
            };
            for target in edges.iter().map(|&target| graph.modules[target].file.as_str()) {
                let Some(target) = target.strip_prefix(package) else { continue };
                let is_lower = |(room, other)| room == own || other < floor;
                if !room(floors, target).is_some_and(is_lower) {
                    found.push(format!("{} imports {target}", module.file));
                }
            }
        }
    }
    assert_none(found, "imports that do not lead to a lower floor");
}
