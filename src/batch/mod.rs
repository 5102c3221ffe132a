//! Many requests in one call, on one thread or on several, whoever computes them.
//!
//! A [`Source`] hands them out in their order; threads take them in groups, as many as a chain of the
//! ring has. Several threads work in shifts, which end when it is time to ask the hook: in Python it
//! runs signal handlers, one of which may fork, and a child has none of the threads that its parent
//! would wait for.

mod many;
mod part;
mod spread;
mod units;

pub use many::crypt_many;
pub use part::Spread;
pub use units::{Numbering, Units};

use std::ops::Range;

use crate::error::Error;
use crate::request::Exchange;
use crate::span::Out;

/// Requests that have been checked, in their order.
pub trait Source<'a>: Iterator<Item = Exchange<'a>> + Send {}

impl<'a, S: Iterator<Item = Exchange<'a>> + Send> Source<'a> for S {}

/// A request that could not be done, and why. Those before it are done; of those behind it some may
/// be, where several threads were at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its place.
    pub index: usize,
    /// The requests that were begun and not finished, it among them where it was: one run for each
    /// thread that could not go on. Nothing is to be found in their outputs.
    pub unfinished: Vec<Range<usize>>,
    /// Why.
    pub error: Error,
}

impl Failure {
    /// Whether it was begun, so that its output is lost where it is its input's place too.
    pub fn was_begun(&self) -> bool {
        self.unfinished.iter().any(|run| run.contains(&self.index))
    }

    /// Wipes what has been written of an output that was cut at every `size` bytes, of which `handed`
    /// were begun. What is unfinished was wiped by those who began it, but for pages that are gone:
    /// to wipe those would be SIGBUS.
    fn wipe(&self, mut output: Out<'_>, size: usize, handed: usize) {
        if !self.error.may_wipe() {
            return;
        }
        let mut wipe = |from: usize, to: usize| {
            output.borrow().part(from.saturating_mul(size)..to.saturating_mul(size)).fill(0);
        };
        let mut from = 0;
        for run in &self.unfinished {
            wipe(from, run.start);
            from = run.end;
        }
        wipe(from, handed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_have_finished_is_wiped_and_what_nobody_has_is_left_alone() {
        let failure = |unfinished: &[Range<usize>], error| Failure {
            index: 3,
            unfinished: unfinished.to_vec(),
            error,
        };
        let wiped = |failure: &Failure| {
            let mut output = [7; 24];
            failure.wipe(Out::from_slice(&mut output), 2, 10);
            output.chunks(2).map(|unit| unit == [0, 0]).collect::<Vec<_>>()
        };
        let runs =
            |left: &[usize]| (0..12).map(|at| at < 10 && !left.contains(&at)).collect::<Vec<_>>();
        assert_eq!(wiped(&failure(&[], Error::Interrupted)), runs(&[]));
        assert_eq!(wiped(&failure(&[3..5, 8..9], Error::Interrupted)), runs(&[3, 4, 8]));
        assert_eq!(wiped(&failure(&[0..4, 4..10], Error::Interrupted)), [false; 12]);
        assert_eq!(wiped(&failure(&[3..5, 6..7], Error::Forked)), [false; 12]);
        assert!(failure(&[0..1, 1..4], Error::Interrupted).was_begun());
        assert!(!failure(&[0..1, 1..3], Error::Interrupted).was_begun());
    }
}
