//! A loop without sockets: what stands in for the reactor in a build without the feature `net`.

use std::io;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use runtime_core::park::{Parker, Unparked};

use crate::scheduler::event_loop::Config;

/// Nothing can be registered with it.
#[derive(Debug)]
pub(crate) struct Reactor;

impl Reactor {
    pub(crate) fn of(_config: &mut Config) -> Arc<Reactor> {
        Arc::new(Reactor)
    }
}

/// There is none.
pub(crate) enum Ear {}

impl Ear {
    pub(crate) fn is_of_use(&self) -> bool {
        match *self {}
    }

    pub(crate) fn look(&mut self) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn park(&mut self, _: &Parker, _: Option<Instant>) -> (Unparked, io::Result<()>) {
        match *self {}
    }

    pub(crate) fn take_called(&mut self) -> Vec<Waker> {
        match *self {}
    }

    pub(crate) fn put_back(&mut self, _: Vec<Waker>) {
        match *self {}
    }
}
