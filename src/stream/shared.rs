//! A stream that several threads have.

use std::sync::{Mutex, PoisonError};

use super::Stream;
use crate::error::{Error, Result};
use crate::request::Hook;
use crate::turn::{NoTurn, Turn, TurnGuard};

/// A stream that threads share: one has its turn, the others wait.
#[derive(Debug)]
pub struct Shared {
    turn: Turn,
    /// Locked by whoever has the turn, hence never waited for, in a forked child neither.
    stream: Mutex<Stream>,
}

impl Shared {
    /// Shares a stream.
    pub fn new(stream: Stream) -> Self {
        Self { turn: Turn::default(), stream: Mutex::new(stream) }
    }

    /// Waits for a turn; a signal has the hook asked.
    ///
    /// # Errors
    /// [`Error::StreamState`] where the wait would never end.
    pub fn turn(&self, hook: &mut Hook<'_>) -> Result<StreamTurn<'_>> {
        self.granted(self.turn.take(hook))
    }

    /// A turn if nobody has it: `None` where another thread does.
    ///
    /// # Errors
    /// [`Error::StreamState`] where a wait for it would never end.
    pub fn turn_now(&self) -> Result<Option<StreamTurn<'_>>> {
        match self.turn.take_now() {
            Err(NoTurn::Taken) => Ok(None),
            answer => self.granted(answer).map(Some),
        }
    }

    fn granted<'a>(&'a self, answer: Result<TurnGuard<'a>, NoTurn>) -> Result<StreamTurn<'a>> {
        match answer {
            Ok(guard) => Ok(StreamTurn { shared: self, _guard: guard }),
            Err(NoTurn::LostAtFork) => Err(Error::stream(
                "another thread was using this stream when the process forked, and is not here to \
                 finish; begin a new one in this process",
            )),
            Err(NoTurn::Nested) => Err(Error::stream(
                "this thread is in the middle of a call of this stream (a signal handler came in \
                 between); it takes one call at a time",
            )),
            Err(NoTurn::Interrupted | NoTurn::Taken) => Err(Error::Interrupted),
        }
    }
}

/// The right to use a shared stream.
#[derive(Debug)]
pub struct StreamTurn<'a> {
    shared: &'a Shared,
    _guard: TurnGuard<'a>,
}

impl StreamTurn<'_> {
    /// Uses the stream.
    pub fn with<R>(&self, work: impl FnOnce(&mut Stream) -> R) -> R {
        work(&mut self.shared.stream.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
