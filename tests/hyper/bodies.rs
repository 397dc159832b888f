//! Large bodies: every byte arrives in its place.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::{Body, Bytes, Frame, Incoming};

use crate::peers::{BOTH, any, connect, connected, read, serve, text};
use crate::watchdog::watched;

const LENGTH: usize = 64 << 20;

/// Pseudo-random bytes, in chunks of various lengths.
struct Random {
    random: fastrand::Rng,
    left: usize,
}

impl Random {
    fn new(seed: u64) -> Random {
        Random { random: fastrand::Rng::with_seed(seed), left: LENGTH }
    }

    fn chunk(&mut self) -> Option<Bytes> {
        let length = self.random.usize(1..300_000).min(self.left);
        self.left -= length;
        let mut bytes = vec![0; length];
        self.random.fill(&mut bytes);
        (length > 0).then(|| bytes.into())
    }
}

impl Body for Random {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.chunk().map(|chunk| Ok(Frame::data(chunk))))
    }
}

/// A checksum that does not depend on the division into chunks.
#[derive(Debug, Default, PartialEq)]
struct Sum {
    length: usize,
    hash: u64,
    /// The bytes that do not fill a word yet.
    rest: Vec<u8>,
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        self.length += bytes.len();
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.len() / 8 * 8;
        for word in self.rest[..whole].chunks_exact(8) {
            let word = u64::from_le_bytes(word.try_into().unwrap());
            self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
        self.rest.drain(..whole);
    }

    async fn of(mut body: Incoming) -> Sum {
        let mut sum = Sum::default();
        while let Some(frame) = body.frame().await {
            sum.add(frame.unwrap().data_ref().unwrap());
        }
        sum
    }

    fn of_seed(seed: u64) -> Sum {
        let mut random = Random::new(seed);
        let mut sum = Sum::default();
        while let Some(chunk) = random.chunk() {
            sum.add(&chunk);
        }
        sum
    }
}

#[test]
fn sixty_four_mebibytes_are_exchanged_in_each_direction() {
    watched(|| {
        let sums = [Sum::of_seed(1), Sum::of_seed(2)];
        assert_eq!(sums[0].length, LENGTH);
        assert_ne!(sums[0].hash, sums[1].hash);
        for version in BOTH {
            aside::run(async {
                let (near, far) = connected().await;
                let server = serve(version, far, async |request| match request.uri().path() {
                    "/up" => {
                        let sum = Sum::of(request.into_body()).await;
                        Response::new(text(format!("{sum:?}")))
                    }
                    _ => Response::new(any(Random::new(2))),
                });
                let (mut sender, connection) = connect(version, near).await;
                let response = sender.send("/up", any(Random::new(1))).await;
                assert_eq!(read(response).await, format!("{:?}", sums[0]));
                let response = sender.send("/down", text("")).await;
                assert_eq!(Sum::of(response.into_body()).await, sums[1], "{version:?}");
                drop(sender);
                connection.await.unwrap().unwrap();
                server.await.unwrap().unwrap();
            });
        }
    });
}

#[test]
fn an_echoed_body_is_unchanged() {
    watched(|| {
        let sum = Sum::of_seed(3);
        for version in BOTH {
            aside::run(async {
                let (near, far) = connected().await;
                let server =
                    serve(version, far, async |request| Response::new(any(request.into_body())));
                let (mut sender, connection) = connect(version, near).await;
                let response = sender.send("/", any(Random::new(3))).await;
                assert_eq!(Sum::of(response.into_body()).await, sum, "{version:?}");
                drop(sender);
                connection.await.unwrap().unwrap();
                server.await.unwrap().unwrap();
            });
        }
    });
}
