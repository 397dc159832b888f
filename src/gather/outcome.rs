//! The meaning of a child's output for its group: the only difference between the four combinators.
//!
//! | combinator | a child's output         | when all outputs are kept     |
//! |------------|--------------------------|-------------------------------|
//! | gather     | is kept                  | the kept outputs              |
//! | try_gather | `Ok` kept, `Err` decides | `Ok` of the kept values       |
//! | race       | decides                  | never, except without a child |
//! | first_ok   | `Err` kept, `Ok` decides | `Err` of the kept errors      |

use std::convert::Infallible;
use std::ops::ControlFlow;

/// Classifies the output of one child: either the output is kept until all children have finished,
/// or it decides the output of the group.
pub trait Outcome<O> {
    /// The part of an output that is kept.
    type Kept;
    /// The part of an output that ends the group at once.
    type Decision;
    /// Returns `Continue` if the output is kept, and `Break` if it decides the group's output.
    fn of(output: O) -> ControlFlow<Self::Decision, Self::Kept>;
}

/// Makes the output of a group from the outcomes of its children.
pub trait Finish<Kept, Decision> {
    /// The combinator's name, for panic messages.
    const NAME: &'static str;
    /// The output of the group.
    type Output;
    /// Makes the output of a group that a child has decided.
    fn decided(decision: Decision) -> Self::Output;
    /// Makes the output of a group whose children have all finished without a decision.
    fn all_kept(kept: Kept) -> Self::Output;
}

/// For [`gather`](super::gather()): every output is kept.
#[derive(Debug)]
pub enum All {}

impl<O> Outcome<O> for All {
    type Kept = O;
    type Decision = Infallible;
    fn of(output: O) -> ControlFlow<Infallible, O> {
        ControlFlow::Continue(output)
    }
}

impl<Kept> Finish<Kept, Infallible> for All {
    const NAME: &'static str = "gather";
    type Output = Kept;
    fn decided(decision: Infallible) -> Kept {
        match decision {}
    }
    fn all_kept(kept: Kept) -> Kept {
        kept
    }
}

/// For [`try_gather`](super::try_gather): an error decides.
#[derive(Debug)]
pub enum AllOk {}

impl<T, E> Outcome<Result<T, E>> for AllOk {
    type Kept = T;
    type Decision = E;
    fn of(output: Result<T, E>) -> ControlFlow<E, T> {
        match output {
            Ok(value) => ControlFlow::Continue(value),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

impl<Kept, E> Finish<Kept, E> for AllOk {
    const NAME: &'static str = "try_gather";
    type Output = Result<Kept, E>;
    fn decided(error: E) -> Result<Kept, E> {
        Err(error)
    }
    fn all_kept(kept: Kept) -> Result<Kept, E> {
        Ok(kept)
    }
}

/// For [`race`](super::race()): every output decides.
#[derive(Debug)]
pub enum First {}

impl<O> Outcome<O> for First {
    type Kept = Infallible;
    type Decision = O;
    fn of(output: O) -> ControlFlow<O, Infallible> {
        ControlFlow::Break(output)
    }
}

impl<Kept, T> Finish<Kept, T> for First {
    const NAME: &'static str = "race";
    type Output = T;
    fn decided(winner: T) -> T {
        winner
    }
    fn all_kept(_none: Kept) -> T {
        panic!("race of no futures: there is no winner")
    }
}

/// For [`first_ok`](super::first_ok): a success decides.
#[derive(Debug)]
pub enum FirstOk {}

impl<T, E> Outcome<Result<T, E>> for FirstOk {
    type Kept = E;
    type Decision = T;
    fn of(output: Result<T, E>) -> ControlFlow<T, E> {
        match output {
            Ok(value) => ControlFlow::Break(value),
            Err(error) => ControlFlow::Continue(error),
        }
    }
}

impl<Kept: IntoErrors, T> Finish<Kept, T> for FirstOk {
    const NAME: &'static str = "first_ok";
    type Output = Result<T, Vec<Kept::Error>>;
    fn decided(value: T) -> Self::Output {
        Ok(value)
    }
    fn all_kept(kept: Kept) -> Self::Output {
        Err(kept.into_errors())
    }
}

/// Converts the errors of all children, in order, from a vector, an array or a tuple to a vector.
pub trait IntoErrors {
    /// The error of one child.
    type Error;
    /// Converts the errors.
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
