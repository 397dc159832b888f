use super::*;

#[test]
fn the_action_of_sigpipe_is_read_where_the_system_states_it() {
    let lines = |ignored| format!("SigBlk:\t0000000000001000\nSigIgn:\t{ignored}\n");
    assert!(!says_pipe_is_not_ignored(&lines("0000000000001000")));
    assert!(says_pipe_is_not_ignored(&lines("ffffffffffffefff")));
    assert!(!says_pipe_is_not_ignored("") && !says_pipe_is_not_ignored(&lines("?")));
    assert!(is_pipe_ignored(), "a Rust program ignores it");
}
