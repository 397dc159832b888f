use runtime_core::metadata::Metadata;
use runtime_core::slab::Key;

use super::*;
use crate::deadlock::deadlock_error::Deadlock;

const fn lane(number: u64) -> LaneId {
    LaneId(Key::from_bits(number))
}

fn index(lane: LaneId) -> usize {
    lane.0.index() as usize
}

const MAIN: LaneId = lane(0);
const OWN: LaneId = lane(1);

fn runs(lane: LaneId, waits_on: WaitsOn) -> Runner {
    Runner { lane, waits_on }
}

fn scene(runners: &[Runner], full: &[LaneId], has_thread: bool) -> WaitGraph {
    WaitGraph { runners: runners.to_vec(), full: full.to_vec(), has_thread }
}

fn lack(scene: &WaitGraph, runner: usize) -> Option<(usize, Shortage)> {
    scene.blockage(runner).map(|blockage| (blockage.last, blockage.shortage))
}

/// P54, as a table of named cases.
#[test]
fn a_waiting_runner_is_blocked_only_if_no_thread_is_left() {
    let waits = runs(MAIN, WaitsOn::Queued(MAIN));
    let works = runs(MAIN, WaitsOn::Nothing);
    let cases = [
        ("one thread, and it waits", scene(&[waits], &[], false), Some((0, Shortage::Threads))),
        ("a thread is free", scene(&[waits], &[], true), None),
        (
            "all threads wait",
            scene(&[waits, waits, waits], &[], false),
            Some((0, Shortage::Threads)),
        ),
        ("one of them works", scene(&[waits, waits, works], &[], false), None),
        (
            "it waits for one that works",
            scene(&[runs(MAIN, WaitsOn::Runner(1)), works], &[], false),
            None,
        ),
        (
            "it waits for one that waits",
            scene(&[runs(MAIN, WaitsOn::Runner(1)), waits], &[], false),
            Some((1, Shortage::Threads)),
        ),
        (
            "a circle, which no thread can help",
            scene(&[runs(MAIN, WaitsOn::Runner(1)), runs(MAIN, WaitsOn::Runner(0))], &[], false),
            None,
        ),
    ];
    for (name, scene, expected) in cases {
        assert_eq!(lack(&scene, 0), expected, "{name}");
    }
}

#[test]
fn a_lane_at_its_limit_is_blocked_although_threads_are_free() {
    let inner = runs(OWN, WaitsOn::Queued(OWN));
    let outer = runs(OWN, WaitsOn::Queued(MAIN));
    let works = runs(MAIN, WaitsOn::Nothing);
    assert_eq!(lack(&scene(&[inner], &[OWN], true), 0), Some((0, Shortage::Lane(OWN))));
    assert_eq!(lack(&scene(&[inner, works], &[OWN], true), 0), Some((0, Shortage::Lane(OWN))));
    assert_eq!(
        lack(&scene(&[inner, outer], &[OWN], true), 0),
        None,
        "the other place will be free"
    );
    assert_eq!(lack(&scene(&[inner], &[], true), 0), None, "there is a place");
    // A job of the main lane waits for a job of the full lane.
    let into = runs(MAIN, WaitsOn::Queued(OWN));
    assert_eq!(lack(&scene(&[into, inner], &[OWN], true), 0), Some((0, Shortage::Lane(OWN))));
    assert_eq!(lack(&scene(&[into, outer], &[OWN], false), 0), Some((0, Shortage::Lane(OWN))));
}

// ---- against brute force ----

/// Simulates the graph: every job that can take a step takes it, until no job can. A queued job
/// that gets a thread ends at once. Returns which runners have ended.
fn play(scene: &WaitGraph) -> Vec<bool> {
    let mut ended = vec![false; scene.runners.len()];
    let mut threads = usize::from(scene.has_thread);
    let lanes = 3;
    // `places`: for each lane, the number of further jobs that may run. `waiting`: for each runner,
    // the lane of the queued job that it waits for.
    let mut places: Vec<usize> =
        (0..lanes).map(|number| usize::from(!scene.full.contains(&lane(number)))).collect();
    let mut waiting: Vec<Option<LaneId>> = scene
        .runners
        .iter()
        .map(|runner| match runner.waits_on {
            WaitsOn::Queued(lane) => Some(lane),
            WaitsOn::Nothing | WaitsOn::Runner(_) => None,
        })
        .collect();
    loop {
        let mut has_happened = false;
        for (job, lane) in waiting.iter_mut().enumerate() {
            if let Some(lane_id) = *lane
                && threads > 0
                && places[index(lane_id)] > 0
            {
                // The job is taken and ends, so its thread and its place are free again at once.
                *lane = None;
                has_happened = true;
                assert!(!ended[job]);
            }
        }
        for job in 0..scene.runners.len() {
            let is_free = match scene.runners[job].waits_on {
                WaitsOn::Nothing => true,
                WaitsOn::Runner(other) => ended[other],
                WaitsOn::Queued(_) => waiting[job].is_none(),
            };
            if is_free && !ended[job] {
                ended[job] = true;
                threads += 1;
                places[index(scene.runners[job].lane)] += 1;
                has_happened = true;
            }
        }
        if !has_happened {
            return ended;
        }
    }
}

fn waits_on(number: usize, runners: usize) -> WaitsOn {
    match number {
        0 => WaitsOn::Nothing,
        1..=3 => WaitsOn::Queued(lane(number as u64 - 1)),
        _ => WaitsOn::Runner((number - 4) % runners),
    }
}

/// Every graph with this number of runners, in three lanes.
fn each_scene(runners: usize, mut check: impl FnMut(&WaitGraph)) {
    let kinds = 3 * (4 + runners);
    for mut code in 0..kinds.pow(u32::try_from(runners).expect("few")) * 16 {
        let mut draw = |limit: usize| {
            let drawn = code % limit;
            code /= limit;
            drawn
        };
        let full = (0..3).filter(|_| draw(2) == 1).map(lane).collect();
        let has_thread = draw(2) == 1;
        let runners: Vec<_> = (0..runners)
            .map(|_| runs(lane(draw(3) as u64), waits_on(draw(4 + runners), runners)))
            .collect();
        check(&WaitGraph { runners, full, has_thread });
    }
}

/// P54: a runner that can proceed is never reported as blocked. A runner that cannot proceed is
/// always reported, except in a cycle.
#[test]
fn the_rule_agrees_with_a_simulation_of_every_small_graph() {
    let mut counts = [0, 0];
    for runners in 1..=3 {
        each_scene(runners, |scene| {
            let ended = play(scene);
            assert_eq!(scene.can_proceed(), ended, "{scene:?}");
            for (runner, ended) in ended.into_iter().enumerate() {
                let stuck = scene.blockage(runner);
                counts[usize::from(stuck.is_some())] += 1;
                match stuck {
                    Some(stuck) => {
                        assert!(!ended, "{scene:?}");
                        let last = scene.runners[stuck.last];
                        assert!(matches!(last.waits_on, WaitsOn::Queued(_)), "{scene:?}");
                        let mut freed = scene.clone();
                        freed.runners[stuck.last].waits_on = WaitsOn::Nothing;
                        assert!(freed.can_proceed()[runner], "the refusal helps: {scene:?}");
                    }
                    None => assert!(ended || is_in_a_circle(scene, runner), "{scene:?}"),
                }
            }
        });
    }
    assert!(counts.iter().all(|count| *count > 10_000), "{counts:?}");
}

fn is_in_a_circle(scene: &WaitGraph, start: usize) -> bool {
    let mut runner = start;
    for _ in 0..=scene.runners.len() {
        match scene.runners[runner].waits_on {
            WaitsOn::Runner(next) => runner = next,
            WaitsOn::Nothing | WaitsOn::Queued(_) => return false,
        }
    }
    true
}

#[test]
fn the_error_names_the_waiting_jobs_and_the_setting_to_raise() {
    let waiting = vec![Metadata::here().named("resize"); 10];
    let error = Deadlock { pool: "x".into(), lane: None, waiting: waiting.clone() };
    let text = error.to_string();
    assert!(text.starts_with("every thread of pool `x` is taken by a job that waits"), "{text}");
    assert!(text.contains("`resize` (spawned at"), "{text}");
    assert!(text.contains(" and 2 more: raise `threads_max`"), "{text}");
    let error = Deadlock { lane: Some("dns".into()), ..error };
    let text = error.to_string();
    assert!(text.starts_with("every place of lane `dns` of pool `x` is taken"), "{text}");
    assert!(text.contains("raise `running_max`"), "{text}");
    assert_eq!((error.lane(), error.waiting().len()), (Some("dns"), 10));
}
