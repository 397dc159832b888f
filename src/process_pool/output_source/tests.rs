//! The output that a dead worker leaves behind.

use std::io::{Write, pipe};

use super::*;

// P130.
#[test]
fn the_first_close_decides_how_much_output_is_kept() {
    let (reader, mut writer) = pipe().unwrap();
    writer.write_all(b"0123456789").unwrap();
    drop(writer);
    let mut source = OutputSource::new(1, 1, reader);
    source.close(8);
    assert!(!source.has_passed_on(3));
    source.close(0);
    assert_eq!(source.take_pending(), b"01234567");
    assert!(!source.has_passed_on(3) && source.has_passed_on(2));
}
