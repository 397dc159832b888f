//! The list of all models, module by module.

use crate::model::Model;
use crate::{
    cancel, channel, completion, deadlock, facade, gather, host, lanes, park, parking, path,
    pinned, pool, reactor, registration, shutdown, sleep, turn, unblock, unblock_drop, waking,
};

/// Returns all models.
pub(crate) fn all() -> Vec<&'static Model> {
    let modules = [
        facade::MODELS,
        channel::MODELS,
        parking::MODELS,
        park::MODELS,
        completion::MODELS,
        waking::MODELS,
        turn::MODELS,
        host::MODELS,
        cancel::MODELS,
        reactor::MODELS,
        registration::MODELS,
        sleep::MODELS,
        gather::MODELS,
        pool::MODELS,
        shutdown::MODELS,
        lanes::MODELS,
        pinned::MODELS,
        deadlock::MODELS,
        path::MODELS,
        unblock::MODELS,
        unblock_drop::MODELS,
    ];
    modules.into_iter().flatten().collect()
}
