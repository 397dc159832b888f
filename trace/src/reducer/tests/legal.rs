//! Traces of an independent model, which keep the rules: (a) of the fuzz.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use runtime_core::record::event::MAIN_KEY;

use super::cases;
use super::model::Model;
use crate::reducer::{Change, Reducer, State, StateItem, StatePart, StateRow};

/// Compares the state that the reducer has rebuilt with that of the model.
fn compare(state: &State, model: &Model) {
    assert_eq!(state.ready().collect::<Vec<_>>(), Vec::from(model.ready.clone()));
    assert_eq!(state.batch().collect::<Vec<_>>(), Vec::from(model.batch.clone()));
    if !model.is_closed {
        assert_eq!(state.inbox_len(), model.inbox.len());
    }
    let alive = model.tasks.iter().filter(|(_, task)| task.is_alive).map(|(&key, _)| key);
    let mut own: Vec<u64> = state.tasks().collect();
    own.sort_unstable();
    assert_eq!(own, alive.collect::<Vec<_>>());
    for (&key, task) in &model.tasks {
        let polls = state.task(key).map_or(0, |task| task.polls);
        assert!(key == MAIN_KEY || polls == task.polls, "{polls} polls: {task:?}");
        assert!(model.is_closed || state.is_posted(key) == task.posted, "{task:?}");
    }
    let mut timers: Vec<(_, u64, u64)> =
        model.timers.iter().map(|(&number, timer)| (timer.deadline, timer.order, number)).collect();
    timers.sort_unstable();
    let timers: Vec<u64> = timers.into_iter().map(|(_, _, number)| number).collect();
    assert_eq!(state.timers(), timers);
    let queue: Vec<_> = model.queue.iter().map(|&(job, _)| job).collect();
    assert_eq!(state.queued_jobs().collect::<Vec<_>>(), queue);
    assert_eq!(state.threads(), model.workers.len());
    assert_eq!(state.running_jobs(), model.busy() as usize);
    assert_eq!(state.sources.iter().count(), model.sources.len());
}

/// The rows of all parts, as a page rebuilds them from the changes.
#[derive(Default)]
pub(super) struct Rows(BTreeMap<StatePart, Vec<StateRow>>);

impl Rows {
    pub(super) fn apply(&mut self, change: Change, state: &State) {
        match change {
            Change::Put(part, item) => {
                let row = state.row(part, item).expect("a row that was put exists");
                let rows = self.0.entry(part).or_default();
                match rows.iter_mut().find(|old| old.item == item) {
                    Some(old) => *old = row,
                    None => rows.push(row),
                }
            }
            Change::Remove(part, item) => {
                let rows = self.0.entry(part).or_default();
                let index = rows.iter().position(|row| row.item == item);
                rows.remove(index.unwrap_or_else(|| panic!("{part:?} has no row {item:?}")));
            }
            Change::MoveAll(from, to) => {
                let moved = self.0.remove(&from).unwrap_or_default();
                self.0.entry(to).or_default().extend(moved);
            }
        }
    }

    /// Compares the rows of lists, without their content.
    pub(super) fn compare_items(&self, state: &State) {
        for part in StatePart::ALL {
            if matches!(part, StatePart::Loop | StatePart::Pool) {
                continue;
            }
            let items = |rows: &[StateRow]| rows.iter().map(|row| row.item).collect::<Vec<_>>();
            let rows = self.0.get(&part).map(|rows| items(rows)).unwrap_or_default();
            assert_eq!(rows, items(&state.rows(part)), "{part:?}");
        }
    }

    /// Compares the rows with those of the state. Words are put when they first change.
    pub(super) fn compare(&self, state: &State) {
        for part in StatePart::ALL {
            let is_word =
                |row: &&StateRow| matches!(row.item, StateItem::Loop(_) | StateItem::Pool(_));
            let rows = self.0.get(&part).cloned().unwrap_or_default();
            let own = state.rows(part);
            if own.iter().any(|row| is_word(&row)) {
                for row in &rows {
                    assert!(own.contains(row), "{part:?}: {row:?} is not in {own:?}");
                }
                continue;
            }
            assert_eq!(rows, own, "{part:?}");
        }
    }
}

/// A page distinguishes rows by their names.
fn names_are_unique(state: &State) {
    for part in StatePart::ALL {
        let own = state.rows(part);
        let mut names: Vec<&str> = own.iter().map(|row| &*row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), own.len(), "{part:?}: two rows have one name: {own:?}");
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_legal_trace_breaks_no_rule_and_yields_the_state_of_the_model(
        choices in vec(any::<u8>(), 0..1_500),
    ) {
        let model = Model::run(choices);
        let recording = model.recording();
        let mut reducer = Reducer::new(&recording);
        let mut rows = Rows::default();
        for event in &recording.events {
            assert!(!reducer.sentence(event).is_empty(), "{event:?}");
            for change in reducer.apply(event) {
                rows.apply(change, reducer.state());
            }
            let violations = reducer.violations();
            assert!(violations.is_empty(), "{}\n{event:?}", violations[0]);
        }
        compare(reducer.state(), &model);
        rows.compare(reducer.state());
        names_are_unique(reducer.state());
    }
}
