//! [`CallGuard`]: cancels a job whose caller no longer waits.

use async_channel::Sender;

use super::Command;

/// Cancels the job when it is dropped before the answer: the call was aborted.
pub(super) struct CallGuard {
    commands: Sender<Command>,
    id: Option<String>,
}

impl CallGuard {
    pub(super) fn new(commands: Sender<Command>, id: String) -> CallGuard {
        CallGuard { commands, id: Some(id) }
    }

    pub(super) fn answered(mut self) {
        self.id = None;
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            // The channel has no limit, and is closed only if nothing is left to cancel.
            let _sent = self.commands.try_send(Command::Cancel { id });
        }
    }
}
