//! One direction of one source: readiness that is seen, cleared, told and waited for.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::{Bell, bell, cases, steps};
use crate::reactor::readiness::{Gone, Tick};
use crate::reactor::selector::{Direction, Readiness};
use crate::reactor::source::{Seat, Source};

/// Who does something: the common seat's, or one of two with a seat of its own.
const PARTIES: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Step {
    Poll(usize),
    /// Says that a try has failed, of what was seen last.
    Clear(usize),
    /// Says that a try did less than it was to.
    ClearByShort(usize),
    Leave(usize),
    Tell(Readiness),
    End,
}

const DATA: Readiness = Readiness { readable: true, writable: false, beside_data: false };
const DATA_AND_MORE: Readiness = Readiness { beside_data: true, ..DATA };

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        40 => (0..PARTIES).prop_map(Step::Poll),
        10 => (0..PARTIES).prop_map(Step::Clear),
        10 => (0..PARTIES).prop_map(Step::ClearByShort),
        5 => (0..PARTIES).prop_map(Step::Leave),
        26 => Just(Step::Tell(DATA)),
        8 => Just(Step::Tell(DATA_AND_MORE)),
        1 => Just(Step::End),
    ]
}

/// Somebody who waits, or has seen something.
struct Party {
    seat: Seat,
    bell: (Arc<Bell>, Waker),
    /// What it saw last, how many events there had been, and whether the last was of more than
    /// data.
    seen: Option<(Tick, usize, bool)>,
    /// It was told to wait, and how often it had been woken by then.
    waits: Option<usize>,
}

impl Party {
    fn new(seat: Seat) -> Party {
        Party { seat, bell: bell(), seen: None, waits: None }
    }
}

/// What a side should be: ready, how many events there have been, and of what the last one was.
struct Reference {
    ready: bool,
    events: usize,
    beside_data: bool,
    gone: bool,
}

struct Scene {
    source: Source,
    reference: Reference,
    parties: [Party; PARTIES],
}

impl Scene {
    fn new() -> Scene {
        Scene {
            source: Source::new(),
            reference: Reference { ready: true, events: 0, beside_data: false, gone: false },
            parties: [Seat::Common, Seat::Own(None), Seat::Own(None)].map(Party::new),
        }
    }

    fn play(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Poll(who) => self.poll(who),
            Step::Clear(who) => {
                self.clear(who);
                Ok(())
            }
            Step::ClearByShort(who) => {
                self.clear_by_short(who);
                Ok(())
            }
            Step::Leave(who) => {
                self.source.leave(Direction::Read, &mut self.parties[who].seat);
                Ok(())
            }
            Step::Tell(heard) => {
                self.wake(|source, called| source.tell(heard, called));
                self.reference.ready = true;
                self.reference.beside_data = heard.beside_data;
                self.reference.events += 1;
                self.all_are_woken()
            }
            Step::End => {
                self.wake(Source::end);
                self.reference.gone = true;
                self.all_are_woken()
            }
        }
    }

    fn wake(&self, tell: impl FnOnce(&Source, &mut Vec<Waker>)) {
        let mut called = Vec::new();
        tell(&self.source, &mut called);
        called.into_iter().for_each(Waker::wake);
    }

    fn poll(&mut self, who: usize) -> Result<(), TestCaseError> {
        let Scene { source, reference, parties } = self;
        let party = &mut parties[who];
        let waker = party.bell.1.clone();
        party.waits = None;
        let mut cx = Context::from_waker(&waker);
        match source.poll(Direction::Read, &mut party.seat, &mut cx) {
            Poll::Ready(Err(Gone)) => prop_assert!(reference.gone),
            Poll::Ready(Ok(tick)) => {
                prop_assert!(reference.ready && !reference.gone);
                party.seen = Some((tick, reference.events, reference.beside_data));
            }
            Poll::Pending => {
                prop_assert!(!reference.ready && !reference.gone);
                party.waits = Some(party.bell.0.rings());
            }
        }
        Ok(())
    }

    /// Only what was seen is cleared.
    fn clear(&mut self, who: usize) {
        if let Some((tick, events, _)) = self.parties[who].seen.take() {
            self.source.clear(Direction::Read, tick);
            self.reference.ready &= self.reference.events != events;
        }
    }

    /// And of that, what was of data alone.
    fn clear_by_short(&mut self, who: usize) {
        if let Some((tick, events, beside_data)) = self.parties[who].seen.take() {
            self.source.clear_by_short(Direction::Read, tick);
            self.reference.ready &= self.reference.events != events || beside_data;
        }
    }

    /// Everybody who waited has been woken, once; who has left its seat need not be.
    fn all_are_woken(&mut self) -> Result<(), TestCaseError> {
        for party in &mut self.parties {
            let Some(rings) = party.waits.take() else { continue };
            let has_left = matches!(party.seat, Seat::Own(None));
            prop_assert!(has_left || party.bell.0.rings() == rings + 1);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(cases(1024))]

    /// P66, P68: no event is cleared by who had not seen it, and who waits is woken by the next.
    #[test]
    fn a_side_does_what_its_reference_does(steps in steps(step(), 60)) {
        let mut scene = Scene::new();
        for step in steps {
            scene.play(step)?;
        }
    }
}
