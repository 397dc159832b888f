//! The list as a table and as a tree.

use std::time::Duration;

use crate::metadata::Metadata;

use super::{JobStage, ListedTask, SocketDirection, TaskKind, TaskList, TaskState, Wait};

fn task(name: &str, state: TaskState) -> ListedTask {
    ListedTask::new(Metadata::here().named(name), TaskKind::Spawned, state)
}

fn waits_for(task: &ListedTask) -> Wait {
    Wait::Task { task: task.metadata.clone() }
}

/// Replaces the lowest number of a task by `A`, the next one by `B`, and the others likewise.
fn lettered(list: &TaskList, text: &str) -> String {
    let mut text = text.to_owned();
    for (task, letter) in list.iter().zip('A'..) {
        let number = format!("task {} ", task.metadata.id());
        text = text.replace(&number, &format!("task {letter} "));
    }
    text
}

fn example() -> TaskList {
    let mut main = ListedTask::new(Metadata::here(), TaskKind::Main, TaskState::Waiting);
    let mut resize = task("resize", TaskState::Waiting);
    let copy = task("copy", TaskState::Ready);
    let lost = task("lost", TaskState::Waiting);
    let job = Metadata::here().named("read");
    let stage = JobStage::Running { since: Duration::from_millis(1200) };
    resize.waits.push(Wait::Timer { left: Some(Duration::from_secs(3)) });
    resize.waits.push(Wait::Job { job, stage });
    resize.polls = Some(4);
    resize.since_poll = Some(Duration::from_millis(1500));
    main.waits.push(Wait::Socket { descriptor: 9, direction: SocketDirection::Read });
    main.waits.extend([&copy, &resize].map(waits_for));
    TaskList::new(vec![copy, main, lost, resize])
}

#[test]
fn the_table_has_a_line_for_each_task_in_columns() {
    let list = example();
    let table = list.to_string();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 5);
    let column = |head: &str| lines[0].find(head).expect("each column has a heading");
    for (line, task) in lines[1..].iter().zip(&list) {
        assert_eq!(line.split(' ').next(), Some(&*task.metadata.id().to_string()));
        assert!(line[column("state")..].starts_with(&task.state.to_string()), "{line}");
        assert!(line.ends_with(&task.metadata.location().to_string()), "{line}");
    }
    let line = |name| {
        let mut lines = lines.iter();
        lines.find(|line| line[column("name")..].starts_with(name)).expect("it is listed")
    };
    let resize = line("resize");
    assert!(resize[column("for")..].starts_with("1.5s  4 "), "{resize}");
    assert!(resize.contains("`read`, running for 1.2s; timer, 3.0s left"), "{resize}");
    let lost = line("lost");
    assert!(lost[column("for")..].starts_with("-     -      unknown"), "{lost}");
}

#[test]
fn the_tree_shows_below_each_task_what_it_waits_for() {
    let list = example();
    let job = match &list.iter().find(|task| !task.waits.is_empty()).expect("one waits").waits {
        waits if waits.len() == 3 => list.iter().nth(1).map(|resize| &resize.waits[0]),
        _ => None,
    };
    let Some(Wait::Job { job, .. }) = job else { panic!("`resize` awaits a job: {list}") };
    let job = format!("job {} ", job.id());
    let tree = lettered(&list, &list.tree().to_string().replace(&job, "job J "));
    let expected = "\
task A (main), waiting
├─ task B `resize`, waiting for 1.5s
│  ├─ job J `read`, running for 1.2s
│  └─ timer, 3.0s left
├─ task C `copy`, ready
└─ socket 9, to read
task D `lost`, waiting
└─ something unknown";
    assert_eq!(tree, expected);
}

#[test]
fn an_awaited_job_without_a_name_has_its_number_and_its_location() {
    let job = Metadata::here();
    let label = format!("job {} (spawned at {})", job.id(), job.location());
    let wait = Wait::Job { job, stage: JobStage::Queued { ahead: 2 } };
    assert_eq!(wait.to_string(), format!("{label}, queued behind 2"));
}

#[test]
fn tasks_that_await_each_other_in_a_circle_are_each_shown_once() {
    let [mut first, mut second] = ["first", "second"].map(|name| task(name, TaskState::Waiting));
    first.waits.push(waits_for(&second));
    second.waits.push(waits_for(&first));
    let list = TaskList::new(vec![second, first]);
    let expected = "\
task A `first`, waiting
└─ task B `second`, waiting
   └─ task A `first`: shown above";
    assert_eq!(lettered(&list, &list.tree().to_string()), expected);
}

/// The text of a chain grows in proportion to the chain, and a deep chain needs no deep stack.
#[test]
fn a_chain_of_ten_thousand_tasks_is_displayed() {
    let mut tasks: Vec<ListedTask> =
        (0..10_000).map(|_| task("link", TaskState::Waiting)).collect();
    for index in 1..tasks.len() {
        let next = waits_for(&tasks[index]);
        tasks[index - 1].waits.push(next);
    }
    let tree = TaskList::new(tasks).tree().to_string();
    assert_eq!(tree.lines().count(), 10_001);
    assert!(tree.lines().all(|line| line.chars().count() < 120));
}

#[test]
fn a_name_cannot_break_a_line_or_change_the_terminal() {
    let list = TaskList::new(vec![task("a\nb\u{1b}[31m", TaskState::Ready)]);
    assert_eq!(list.to_string().lines().count(), 2);
    assert_eq!(list.tree().to_string().lines().count(), 1);
    assert!(!format!("{list}{}", list.tree()).contains('\u{1b}'));
}

#[test]
fn an_empty_list_is_displayed_as_its_headings() {
    let list = TaskList::default();
    assert!(list.is_empty() && list.main().is_none());
    assert_eq!(list.to_string().lines().count(), 1);
    assert_eq!(list.tree().to_string(), "");
}
