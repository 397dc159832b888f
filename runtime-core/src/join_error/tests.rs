//! The messages of the errors.

use crate::metadata::Metadata;

use super::JoinError;

#[test]
fn without_a_name_the_message_begins_with_the_number_for_a_task_and_for_a_job() {
    let metadata = Metadata::here();
    let begin = format!("#{} (spawned at {})", metadata.id(), metadata.location());
    let message = JoinError::cancelled(metadata).to_string();
    assert_eq!(message, format!("{begin} was cancelled"));
}

#[test]
fn the_message_after_a_shutdown_says_that_the_runtime_is_gone() {
    let error = JoinError::shut_down(Metadata::here().named("late"));
    assert!(error.is_cancelled());
    let (message, end) = (error.to_string(), "the runtime of this task or job is gone");
    assert!(message.starts_with("`late` (spawned at "), "{message}");
    assert!(message.ends_with(&format!(") was cancelled before it began: {end}")), "{message}");
}
