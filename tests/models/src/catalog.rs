//! The list of all models, module by module.

use crate::model::Model;
use crate::{
    cancel, channel, completion, deadlock, facade, first_wait, gather, host, lanes, park, parking,
    path, pinned, pool, reactor, recording, registration, shutdown, sleep, spinning, survey, turn,
    unblock, unblock_drop, waking, watchdog,
};

/// Returns all models.
pub(crate) fn all() -> Vec<&'static Model> {
    let modules = [
        facade::MODELS,
        channel::MODELS,
        parking::MODELS,
        park::MODELS,
        spinning::MODELS,
        completion::MODELS,
        waking::MODELS,
        turn::MODELS,
        host::MODELS,
        cancel::MODELS,
        reactor::MODELS,
        registration::MODELS,
        first_wait::MODELS,
        sleep::MODELS,
        survey::MODELS,
        gather::MODELS,
        pool::MODELS,
        shutdown::MODELS,
        lanes::MODELS,
        pinned::MODELS,
        deadlock::MODELS,
        path::MODELS,
        unblock::MODELS,
        unblock_drop::MODELS,
        recording::MODELS,
        watchdog::MODELS,
    ];
    modules.into_iter().flatten().collect()
}
