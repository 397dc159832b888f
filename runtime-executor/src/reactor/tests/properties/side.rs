//! One direction of one source: readiness that is seen, cleared, told and waited for.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::{Bell, bell, cases, steps};
use crate::reactor::side::{Gone, Seat, Side, Tick};

/// Who does something: the common seat's, or one of two with a seat of its own.
const PARTIES: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Step {
    Poll(usize),
    /// Says that a try has failed, of what was seen last.
    Clear(usize),
    Leave(usize),
    Tell,
    End,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        40 => (0..PARTIES).prop_map(Step::Poll),
        20 => (0..PARTIES).prop_map(Step::Clear),
        5 => (0..PARTIES).prop_map(Step::Leave),
        34 => Just(Step::Tell),
        1 => Just(Step::End),
    ]
}

/// Somebody who waits, or has seen something.
struct Party {
    seat: Seat,
    bell: (Arc<Bell>, Waker),
    /// What it saw last, and how many events there had been.
    seen: Option<(Tick, usize)>,
    /// It was told to wait, and how often it had been woken by then.
    waits: Option<usize>,
}

impl Party {
    fn new(seat: Seat) -> Party {
        Party { seat, bell: bell(), seen: None, waits: None }
    }
}

/// What a side should be: ready, and how many events there have been.
struct Reference {
    ready: bool,
    events: usize,
    gone: bool,
}

struct Scene {
    side: Side,
    reference: Reference,
    parties: [Party; PARTIES],
}

impl Scene {
    fn new() -> Scene {
        Scene {
            side: Side::new(),
            reference: Reference { ready: true, events: 0, gone: false },
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
            Step::Leave(who) => {
                self.side.leave(&mut self.parties[who].seat);
                Ok(())
            }
            Step::Tell => {
                self.side.tell();
                self.reference.ready = true;
                self.reference.events += 1;
                self.all_are_woken()
            }
            Step::End => {
                self.side.end();
                self.reference.gone = true;
                self.all_are_woken()
            }
        }
    }

    fn poll(&mut self, who: usize) -> Result<(), TestCaseError> {
        let Scene { side, reference, parties } = self;
        let party = &mut parties[who];
        let waker = party.bell.1.clone();
        party.waits = None;
        match side.poll(&mut party.seat, &mut Context::from_waker(&waker)) {
            Poll::Ready(Err(Gone)) => prop_assert!(reference.gone),
            Poll::Ready(Ok(tick)) => {
                prop_assert!(reference.ready && !reference.gone);
                party.seen = Some((tick, reference.events));
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
        if let Some((tick, events)) = self.parties[who].seen.take() {
            self.side.clear(tick);
            self.reference.ready &= self.reference.events != events;
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
