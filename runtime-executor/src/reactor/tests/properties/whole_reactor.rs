//! A whole reactor on a system by hand: sockets that are registered, read, and dropped, and events
//! that are heard late, twice, or when their socket has gone.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use proptest::prelude::*;

use runtime_core::sync::Mutex;

use super::{Bell, bell, cases, steps};
use crate::reactor::registration::{Registration, Short};
use crate::reactor::selector::{Direction, Kernel, Listen, Opened, Readiness};
use crate::{Config, Executor};

/// How many descriptors there are.
const DESCRIPTORS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Registers a descriptor that is not, and deregisters one that is.
    Register(usize),
    /// Bytes come for a descriptor.
    Arrive(usize, usize),
    /// The system tells of a descriptor for no reason.
    Stir(usize),
    /// Reads a byte, or waits.
    Read(usize),
    /// The loop hears so many of the events that there are, at most.
    Hear(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..DESCRIPTORS;
    prop_oneof![
        3 => which.clone().prop_map(Step::Register),
        3 => (which.clone(), 1..3_usize).prop_map(|(which, bytes)| Step::Arrive(which, bytes)),
        1 => which.clone().prop_map(Step::Stir),
        6 => which.prop_map(Step::Read),
        3 => (1..4_usize).prop_map(Step::Hear),
    ]
}

/// A registration: what the reactor knows it by, and a number of its own, which none has again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Registered {
    token: usize,
    number: usize,
}

/// What the system knows.
#[derive(Default)]
struct World {
    /// What is registered.
    known: Vec<(RawFd, Registered)>,
    /// How many there have been.
    registrations: usize,
    /// How many bytes wait.
    bytes: Vec<(RawFd, usize)>,
    /// Told, and not heard.
    told: Vec<Registered>,
    /// How many may be heard at a time.
    at_a_time: usize,
}

#[derive(Clone, Default)]
struct ByHand(Arc<Mutex<World>>);

impl ByHand {
    fn bytes(&self, descriptor: RawFd) -> usize {
        let world = self.0.lock();
        world.bytes.iter().find(|(of, _)| *of == descriptor).map_or(0, |(_, bytes)| *bytes)
    }

    fn set_bytes(&self, descriptor: RawFd, bytes: usize) {
        let mut world = self.0.lock();
        world.bytes.retain(|(of, _)| *of != descriptor);
        world.bytes.push((descriptor, bytes));
    }

    fn known(&self, descriptor: RawFd) -> Option<Registered> {
        let world = self.0.lock();
        world.known.iter().find(|(of, _)| *of == descriptor).map(|(_, known)| *known)
    }

    /// An edge, of who is registered.
    fn tell(&self, descriptor: RawFd) {
        if let Some(known) = self.known(descriptor) {
            self.0.lock().told.push(known);
        }
    }

    fn is_told(&self, descriptor: RawFd) -> bool {
        let known = self.known(descriptor);
        self.0.lock().told.iter().any(|told| Some(*told) == known)
    }
}

impl Kernel for ByHand {
    fn register(&self, descriptor: RawFd, token: usize) -> io::Result<()> {
        let mut world = self.0.lock();
        let registered = Registered { token, number: world.registrations };
        world.registrations += 1;
        world.known.push((descriptor, registered));
        drop(world);
        // As the interface says: if it is ready already, that is heard too.
        if self.bytes(descriptor) > 0 {
            self.tell(descriptor);
        }
        Ok(())
    }

    fn deregister(&self, descriptor: RawFd) -> io::Result<()> {
        // What was told already may still be heard.
        self.0.lock().known.retain(|(of, _)| *of != descriptor);
        Ok(())
    }

    fn ring(&self) {}
}

impl Listen for ByHand {
    fn listen(
        &mut self,
        _: Option<Duration>,
        heard: &mut Vec<(usize, Readiness)>,
    ) -> io::Result<()> {
        let mut world = self.0.lock();
        let now = world.told.len().min(world.at_a_time);
        let readable = Readiness { readable: true, writable: false, beside_data: false };
        heard.extend(world.told.drain(..now).map(|told| (told.token, readable)));
        Ok(())
    }
}

/// A descriptor, and what its user does with it.
struct User {
    file: File,
    socket: Option<Registration>,
    bell: (Arc<Bell>, Waker),
    /// It waits, and how often it had been woken by then.
    waits: Option<usize>,
    /// Tries that failed since the last event of its own that was heard.
    vain_tries: usize,
}

struct Scene {
    system: ByHand,
    executor: Executor,
    users: Vec<User>,
}

impl Scene {
    fn new() -> Scene {
        let system = ByHand::default();
        let own = system.clone();
        let open =
            move || -> io::Result<Opened> { Ok((Arc::new(own.clone()), Box::new(own.clone()))) };
        let executor = Executor::new(Config { kernel: Some(Box::new(open)), ..Config::default() });
        let user = |_| User {
            file: File::open("/dev/null").expect("a descriptor"),
            socket: None,
            bell: bell(),
            waits: None,
            vain_tries: 0,
        };
        Scene { system, executor, users: (0..DESCRIPTORS).map(user).collect() }
    }

    fn play(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Register(which) => self.register(which),
            Step::Arrive(which, more) => {
                let descriptor = self.users[which].file.as_raw_fd();
                self.system.set_bytes(descriptor, self.system.bytes(descriptor) + more);
                self.system.tell(descriptor);
            }
            Step::Stir(which) => self.system.tell(self.users[which].file.as_raw_fd()),
            Step::Read(which) => self.read(which)?,
            Step::Hear(most) => self.hear(most)?,
        }
        let registered = self.users.iter().filter(|user| user.socket.is_some()).count();
        prop_assert_eq!(self.executor.handle().remote().reactor.len(), registered);
        Ok(())
    }

    fn register(&mut self, which: usize) {
        let user = &mut self.users[which];
        user.waits = None;
        user.vain_tries = 0;
        user.socket = match user.socket.take() {
            Some(_deregistered) => None,
            None => {
                let handle = self.executor.handle();
                let new =
                    async { Registration::new(&handle, user.file.as_fd(), Short::SaysNothing) };
                Some(self.executor.block_on(new).expect("the loop lives"))
            }
        };
    }

    fn read(&mut self, which: usize) -> Result<(), TestCaseError> {
        let (system, user) = (&self.system, &mut self.users[which]);
        let Some(socket) = &user.socket else { return Ok(()) };
        let descriptor = user.file.as_raw_fd();
        let mut cx = Context::from_waker(&user.bell.1);
        let before = system.bytes(descriptor);
        let vain_tries = &mut user.vain_tries;
        let polled = socket.poll_io(Direction::Read, &mut cx, || match system.bytes(descriptor) {
            0 => {
                *vain_tries += 1;
                Err(io::ErrorKind::WouldBlock.into())
            }
            bytes => {
                system.set_bytes(descriptor, bytes - 1);
                Ok(())
            }
        });
        match polled {
            Poll::Ready(read) => {
                prop_assert!(read.is_ok() && before > 0);
                user.waits = None;
            }
            Poll::Pending => {
                // It may wait beside bytes only while the loop is yet to hear of them.
                prop_assert!(before == 0 || system.is_told(descriptor), "it waits beside bytes");
                // Nobody is told of what another's events mean: one try in vain for each event.
                prop_assert!(user.vain_tries <= 1, "tried for nothing");
                user.waits = Some(user.bell.0.rings());
            }
        }
        Ok(())
    }

    fn hear(&mut self, most: usize) -> Result<(), TestCaseError> {
        let mut told = {
            let mut world = self.system.0.lock();
            world.at_a_time = most;
            world.told.clone()
        };
        let _ = self.executor.turn(Duration::ZERO);
        // A turn may look twice.
        told.truncate(told.len() - self.system.0.lock().told.len());
        for user in &mut self.users {
            let known = self.system.known(user.file.as_raw_fd());
            let is_heard = user.socket.is_some() && told.iter().any(|told| Some(*told) == known);
            if is_heard {
                user.vain_tries = 0;
            }
            if let Some(rings) = user.waits {
                let woken = user.bell.0.rings() - rings;
                prop_assert_eq!(woken, usize::from(is_heard), "woken by its own events alone");
                if is_heard {
                    user.waits = None;
                }
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(cases(512))]

    /// P66, P67, P68: nobody waits beside what has come once the loop has heard of it, nobody hears
    /// of another's events, and nothing is left of who has gone.
    #[test]
    fn sockets_do_what_their_reference_does(steps in steps(step(), 80)) {
        let mut scene = Scene::new();
        for step in steps {
            scene.play(step)?;
        }
    }
}
