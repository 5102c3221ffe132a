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
    /// Whether it was begun, so that its output may have been written to.
    pub begun: bool,
    /// Why.
    pub error: Error,
}

impl Failure {
    /// Wipes what has been written of an output that was cut at every `size` bytes, of which
    /// `handed` were begun. Of pages that are gone (EFAULT) nothing was written, and to wipe them
    /// would be SIGBUS.
    fn wipe(&self, output: Out<'_>, size: usize, handed: usize) {
        if !self.error.may_wipe() {
            return;
        }
        let written = if self.error.is_address() { self.index } else { handed };
        output.part(0..written.saturating_mul(size)).fill(0);
    }
}
