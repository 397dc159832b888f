//! What a finished child means: the one difference between the four combinators.
//!
//! | combinator | a child's output      | all children kept       |
//! |------------|-----------------------|-------------------------|
//! | gather     | is kept               | what was kept           |
//! | try_gather | `Ok` kept, `Err` decides | `Ok` of what was kept |
//! | race       | decides               | no child at all: misuse |
//! | first_ok   | `Err` kept, `Ok` decides | `Err` of what was kept |

use std::convert::Infallible;
use std::ops::ControlFlow;

/// Judges the output of one child: kept until the others are done, or decides for all.
pub trait Verdict<O> {
    /// What is kept of an output.
    type Kept;
    /// What ends the group at once.
    type Decision;
    /// Says which of the two it is.
    fn judge(output: O) -> ControlFlow<Self::Decision, Self::Kept>;
}

/// Makes the group's output of what the children's came to.
pub trait Conclude<Kept, Decision> {
    /// The combinator's name, for panic messages.
    const NAME: &'static str;
    /// The output of the group.
    type Output;
    /// A child decided.
    fn decided(decision: Decision) -> Self::Output;
    /// No child decided, and all are done.
    fn all_kept(kept: Kept) -> Self::Output;
}

/// The verdict of [`gather`](super::gather()): every output is kept.
#[derive(Debug)]
pub enum All {}

impl<O> Verdict<O> for All {
    type Kept = O;
    type Decision = Infallible;
    fn judge(output: O) -> ControlFlow<Infallible, O> {
        ControlFlow::Continue(output)
    }
}

impl<Kept> Conclude<Kept, Infallible> for All {
    const NAME: &'static str = "gather";
    type Output = Kept;
    fn decided(decision: Infallible) -> Kept {
        match decision {}
    }
    fn all_kept(kept: Kept) -> Kept {
        kept
    }
}

/// The verdict of [`try_gather`](super::try_gather): an error decides.
#[derive(Debug)]
pub enum AllOk {}

impl<T, E> Verdict<Result<T, E>> for AllOk {
    type Kept = T;
    type Decision = E;
    fn judge(output: Result<T, E>) -> ControlFlow<E, T> {
        match output {
            Ok(value) => ControlFlow::Continue(value),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

impl<Kept, E> Conclude<Kept, E> for AllOk {
    const NAME: &'static str = "try_gather";
    type Output = Result<Kept, E>;
    fn decided(error: E) -> Result<Kept, E> {
        Err(error)
    }
    fn all_kept(kept: Kept) -> Result<Kept, E> {
        Ok(kept)
    }
}

/// The verdict of [`race`](super::race()): every output decides.
#[derive(Debug)]
pub enum First {}

impl<O> Verdict<O> for First {
    type Kept = Infallible;
    type Decision = O;
    fn judge(output: O) -> ControlFlow<O, Infallible> {
        ControlFlow::Break(output)
    }
}

impl<Kept, T> Conclude<Kept, T> for First {
    const NAME: &'static str = "race";
    type Output = T;
    fn decided(winner: T) -> T {
        winner
    }
    fn all_kept(_none: Kept) -> T {
        panic!("race of no futures: nobody can win it")
    }
}

/// The verdict of [`first_ok`](super::first_ok): a success decides.
#[derive(Debug)]
pub enum FirstOk {}

impl<T, E> Verdict<Result<T, E>> for FirstOk {
    type Kept = E;
    type Decision = T;
    fn judge(output: Result<T, E>) -> ControlFlow<T, E> {
        match output {
            Ok(value) => ControlFlow::Break(value),
            Err(error) => ControlFlow::Continue(error),
        }
    }
}

impl<Kept: IntoErrors, T> Conclude<Kept, T> for FirstOk {
    const NAME: &'static str = "first_ok";
    type Output = Result<T, Vec<Kept::Error>>;
    fn decided(value: T) -> Self::Output {
        Ok(value)
    }
    fn all_kept(kept: Kept) -> Self::Output {
        Err(kept.into_errors())
    }
}

/// The errors of all children, in order, whatever the group was.
pub trait IntoErrors {
    /// One child's error.
    type Error;
    /// The same errors in a vector.
    fn into_errors(self) -> Vec<Self::Error>;
}

impl<E> IntoErrors for Vec<E> {
    type Error = E;
    fn into_errors(self) -> Vec<E> {
        self
    }
}

impl<E, const N: usize> IntoErrors for [E; N] {
    type Error = E;
    fn into_errors(self) -> Vec<E> {
        self.into()
    }
}
