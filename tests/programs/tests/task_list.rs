//! `examples/tasks/task_list`, which prints its tasks at each `SIGUSR1`.

use programs::{ASIDE, Program};

/// Reads one answer: the name of the signal, the table, an empty line, the tree, an empty line.
fn answer(program: &mut Program) -> String {
    let mut answer = String::new();
    let mut blank = 0;
    while blank < 2 {
        let line = program.line();
        blank += usize::from(line.is_empty());
        answer = answer + &line + "\n";
    }
    answer
}

#[test]
fn a_signal_of_another_process_prints_the_waiting_tasks() {
    let mut program = Program::start(ASIDE, "task_list", &["--wait"]);
    assert!(program.line().starts_with("running as "));
    // The first signals may arrive before the tasks wait.
    let list = loop {
        program.signal("USR1");
        let list = answer(&mut program);
        if list.contains("`read`, running for ") && list.contains(", to read") {
            break list;
        }
    };
    assert!(list.starts_with("SIGUSR1\n"), "{list}");
    for name in ["(main)", "work", "copy", "receive"] {
        assert!(list.contains(name), "{name}:\n{list}");
    }
    let tree = list.split("\n\n").nth(1).expect("the tree follows the table");
    let has_line = |begin: &str, end: &str| {
        tree.lines().any(|line| line.starts_with(begin) && line.contains(end))
    };
    assert!(has_line("task ", "`work`, waiting for "), "{tree}");
    assert!(has_line("├─ task ", "`copy`, waiting for "), "{tree}");
    assert!(has_line("│  ├─ job ", "`read`, running for "), "{tree}");
    assert!(has_line("│  └─ timer, ", "left"), "{tree}");
    assert!(has_line("├─ task ", "`receive`, waiting for "), "{tree}");
    assert!(has_line("└─ timer, ", "left"), "{tree}");
    let last = program.stop();
    assert!(last.starts_with("SIGTERM\n") && last.contains("`work`"), "{last}");
}
