//! Models of sockets that the first wait registers. The operating system is simulated (`device`);
//! all code above it is the code that ships.

use std::io;
use std::os::fd::AsFd;

use runtime_core::sync::explore::Witness;
use runtime_executor::reactor::{Direction, Registration, ShortTransfer};
use runtime_executor::{EventLoop, Handle};

use crate::device::{Device, Registering};
use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};

const READINESS: &str = "runtime-executor/src/reactor/readiness.rs";
const SET: &str = "self.reported.store(reported.wrapping_add(TICK)";
const SHUT_DOWN: &str = "self.reported.store(reported | SHUT_DOWN";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "first_wait::data_that_arrives_before_the_registration_is_read",
        bound: None,
        executions: 42,
        witnesses: &["no wait", "a wait"],
        mutants: &[
            Mutant::lose(READINESS, SET),
            Mutant::body("the system reports no data that it finds", |witness| {
                data_that_arrives_before_the_registration(Registering::Silently, witness);
            }),
        ],
        body: |witness| {
            data_that_arrives_before_the_registration(Registering::AsEpoll, witness);
        },
    },
    Model {
        name: "first_wait::a_first_wait_during_the_drop_of_the_loop_fails",
        bound: None,
        executions: 248,
        witnesses: &["registered", "not registered"],
        mutants: &[
            Mutant::lose(READINESS, SHUT_DOWN),
            Mutant::body("the loop is forgotten", |witness| {
                a_first_wait_during_the_drop_of_the_loop(std::mem::forget, witness);
            }),
        ],
        body: |witness| a_first_wait_during_the_drop_of_the_loop(drop, witness),
    },
];

fn register_at_first_wait(handle: &Handle) -> Registration {
    let descriptor = io::stdin();
    let registration =
        handle.register_at_first_wait(descriptor.as_fd(), ShortTransfer::HasNoEffect);
    registration.expect("the loop lives")
}

/// A byte arrives while a task reads from a socket that has not been registered. If the byte
/// arrives between the read and the registration, only the registration reports it. (P68)
fn data_that_arrives_before_the_registration(registering: Registering, witness: &'static Witness) {
    let device = Device::that_registers(registering);
    let executor = device.executor();
    let peer = spawn({
        let device = device.clone();
        move || device.arrive()
    });
    let socket = register_at_first_wait(&executor.handle());
    let mut tries = 0;
    let read = executor.block_on(socket.io(Direction::Read, || {
        tries += 1;
        device.read()
    }));
    read.expect("a byte arrives");
    assert_eq!(device.is_registered(), tries > 1, "a wait registers, and nothing else does");
    witness.saw(if tries == 1 { "no wait" } else { "a wait" });
    join(peer);
}

/// A task on another thread begins to wait for a socket while the loop is dropped. (P19)
fn a_first_wait_during_the_drop_of_the_loop(end: fn(EventLoop), witness: &'static Witness) {
    let device = Device::that_registers(Registering::AsEpoll);
    let executor = device.executor();
    let socket = register_at_first_wait(&executor.handle());
    let reader = spawn({
        let (device, handle) = (device.clone(), executor.handle());
        move || {
            let read = handle.block_on(socket.io(Direction::Read, || device.read()));
            assert_eq!(read.map_err(|error| error.kind()), Err(io::ErrorKind::Other));
        }
    });
    end(executor);
    join(reader);
    witness.saw(if device.is_registered() { "registered" } else { "not registered" });
}
