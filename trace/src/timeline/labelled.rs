//! A recording and the texts above it.

use crate::recording::Recording;

/// A recording of a timeline.
#[derive(Clone, Debug)]
pub(crate) struct LabelledRecording {
    pub(crate) heading: Option<String>,
    pub(crate) caption: String,
    pub(crate) recording: Recording,
}
