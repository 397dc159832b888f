//! Frames that are received at once or in pieces, and malformed frames.

use super::*;

fn assembled(
    bytes: &[u8],
    piece: usize,
    body_max: u32,
) -> Result<Option<(FrameTag, Vec<u8>)>, FrameError> {
    let mut assembler = FrameAssembler::new(body_max);
    let mut rest = bytes;
    while !rest.is_empty() {
        let room = assembler.room();
        let taken = rest.len().min(room.len()).min(piece);
        room[..taken].copy_from_slice(&rest[..taken]);
        assembler.filled(taken);
        rest = &rest[taken..];
    }
    Ok(assembler.frame()?.map(|(kind, body)| (kind, body.to_vec())))
}

#[test]
fn a_frame_is_assembled_from_pieces_of_any_length() {
    let body: Vec<u8> = (0..50_000_u32).map(|n| n as u8).collect();
    let frame = short(FrameTag::Result, &body);
    for piece in [1, 4, 5, 6, 1000, 16_000] {
        let read = assembled(&frame, piece, u32::MAX).unwrap();
        assert_eq!(read, Some((FrameTag::Result, body.clone())), "in pieces of {piece}");
    }
}

#[test]
fn an_incomplete_frame_is_not_returned() {
    let frame = short(FrameTag::Panicked, b"oh");
    for length in 0..frame.len() {
        assert_eq!(assembled(&frame[..length], 1, 100), Ok(None));
    }
}

#[test]
fn malformed_frames_are_errors() {
    let wrong = |bytes: &[u8]| assembled(bytes, 1000, 3).unwrap_err();
    assert_eq!(wrong(&[0, 0, 0, 0, 0]), FrameError::UnknownKind(0));
    assert_eq!(wrong(&[9, 0, 0, 0, 0]), FrameError::UnknownKind(9));
    assert_eq!(wrong(&[3, 4, 0, 0, 0]), FrameError::TooLong { bytes: 4, max: 3 });
    assert_eq!(wrong(&[3, 1, 0, 0, 0, 7, 7]), FrameError::Trailing);
}

#[test]
fn a_false_length_allocates_nothing() {
    let mut assembler = FrameAssembler::new(u32::MAX);
    let header = [FrameTag::Result as u8, 255, 255, 255, 255];
    assembler.room()[..HEADER].copy_from_slice(&header);
    assembler.filled(HEADER);
    assert_eq!(assembler.frame(), Ok(None));
    assert!(assembler.room().len() <= CHUNK);
}

#[test]
fn a_body_longer_than_the_limit_is_an_error() {
    let mut frame = Vec::new();
    begin(&mut frame, FrameTag::Result);
    frame.extend([0; 10]);
    assert_eq!(finish(&mut frame, 9), Err(10));
    assert_eq!(finish(&mut frame, 10), Ok(()));
}

#[test]
fn a_hello_of_another_version_or_program_is_refused() {
    let hello = hello(77);
    assert_eq!(read_hello(FrameTag::Hello, &hello[HEADER..]), Ok(77));
    assert_eq!(read_hello(FrameTag::Call, &hello[HEADER..]), Err(FrameError::NoHello));
    assert_eq!(read_hello(FrameTag::Hello, &hello[HEADER + 1..]), Err(FrameError::NoHello));
    let mut other = hello.clone();
    other[HEADER] = b'A';
    assert_eq!(read_hello(FrameTag::Hello, &other[HEADER..]), Err(FrameError::NoHello));
    let mut newer = hello;
    newer[HEADER + 8] = 9;
    assert_eq!(read_hello(FrameTag::Hello, &newer[HEADER..]), Err(FrameError::Version(9)));
}

#[test]
fn a_call_has_a_name_and_arguments() {
    let mut frame = Vec::new();
    begin_call(&mut frame, "digest");
    frame.extend([1, 2, 3]);
    let body = &frame[HEADER..];
    assert_eq!(read_call(FrameTag::Call, body), Ok(("digest", &[1, 2, 3][..])));
    assert_eq!(read_call(FrameTag::Result, body), Err(FrameError::NoCall));
    assert_eq!(read_call(FrameTag::Call, &body[..7]), Err(FrameError::NoCall));
    assert_eq!(read_call(FrameTag::Call, &[1, 0, 255]), Err(FrameError::NoCall));
    assert_eq!(read_call(FrameTag::Call, &[1]), Err(FrameError::NoCall));
}
