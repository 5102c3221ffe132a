//! One message in parts. Holds back what the mode cannot do yet; any provider.
//!
//! A part goes to the provider in whole chunks straight from the caller's buffer; what is left
//! over waits here. A message that may not be cut at all waits here whole.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::constraints::{Continuation, Sibling, check_room, overlap};
use crate::error::{Error, Result};
use crate::padding;
use crate::process::{NoTurn, Turn, TurnGuard};
use crate::provider::{Message, Provider};
use crate::request::{Direction, Hook, Iv};
use crate::secret::Secret;
use crate::span::{In, Out, Overlap};

/// What is held back of the bytes that have come so far.
#[derive(Clone, Copy, Debug)]
enum HoldBack {
    /// What does not fill a chunk.
    Rest,
    /// The last whole block too: it may be the padding.
    LastBlock,
    /// More than one block, at most two: the tail that cts swaps.
    CtsTail,
    /// Everything, up to what one request carries.
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Active,
    Finished,
    Poisoned,
}

/// A message in parts, for one user at a time: see [`Shared`].
#[derive(Debug)]
pub struct Stream {
    provider: Arc<Provider>,
    message: Message,
    direction: Direction,
    padded: bool,
    hold_back: HoldBack,
    state: State,
    held: Secret,
    /// Bytes of the message so far.
    taken: usize,
    /// Chunks that the counter still has, where it ends.
    blocks_left: Option<u128>,
}

impl Stream {
    /// Begins a message. IV and padding are checked.
    ///
    /// # Errors
    /// [`Error::Input`].
    pub fn begin(
        provider: &Arc<Provider>,
        direction: Direction,
        iv: &Iv,
        padded: bool,
    ) -> Result<Self> {
        let constraints = provider.constraints();
        constraints.check_iv(Some(iv.bytes().len()))?;
        if padded {
            constraints.check_pads()?;
        }
        let hold_back = match provider.continuation() {
            Continuation::OneRequest => HoldBack::All,
            Continuation::Sibling(Sibling::Cts) => HoldBack::CtsTail,
            _ if padded && direction == Direction::Decrypt => HoldBack::LastBlock,
            _ => HoldBack::Rest,
        };
        Ok(Self {
            message: provider.begin(direction, iv),
            blocks_left: constraints.blocks_left(iv),
            provider: Arc::clone(provider),
            direction,
            padded,
            hold_back,
            state: State::Active,
            held: Secret::default(),
            taken: 0,
        })
    }

    /// Whether it can go on.
    ///
    /// # Errors
    /// [`Error::StreamState`].
    fn check_active(&self) -> Result<()> {
        match self.state {
            State::Active => Ok(()),
            State::Finished => Err(Error::stream(
                "this stream is finalized; begin a new one with encryptor() or decryptor()",
            )),
            State::Poisoned => Err(Error::stream(
                "this stream failed half-way and cannot go on; begin a new one with encryptor() \
                 or decryptor()",
            )),
        }
    }

    fn chunk(&self) -> usize {
        self.provider.constraints().sizes.chunk.max(1)
    }

    fn block(&self) -> usize {
        self.provider.constraints().sizes.block.max(1)
    }

    /// How many bytes `update` gives for `new` bytes.
    ///
    /// # Errors
    /// Why it cannot take them.
    pub fn update_len(&self, new: usize) -> Result<usize> {
        self.check_active()?;
        let total = self.held.len() + new;
        self.provider.constraints().check_counter(self.blocks_left, total)?;
        Ok(match self.hold_back {
            HoldBack::Rest => total - total % self.chunk(),
            HoldBack::LastBlock => total.saturating_sub(1) / self.block() * self.block(),
            HoldBack::CtsTail => Sibling::before_cts_tail(total, self.block()),
            HoldBack::All => match self.provider.max_message() {
                Some(limit) if total > limit => {
                    return Err(self.provider.constraints().too_long(total, limit));
                }
                _ => 0,
            },
        })
    }

    /// Takes the next part of the message; gives how many bytes of the result are in `out`.
    ///
    /// # Errors
    /// An input error leaves the stream as it was, any other ends it.
    pub fn update(
        &mut self,
        input: In<'_>,
        mut out: Out<'_>,
        hook: &mut Hook<'_>,
    ) -> Result<usize> {
        let need = self.update_len(input.len())?;
        check_room(need, out.len())?;
        if input.overlap(&out) != Overlap::None {
            return Err(overlap(
                "data and out of a stream overlap; give an out apart from data, since bytes held \
                 back would be written over unread ones",
            ));
        }
        self.state = State::Poisoned;
        let taken = input.len();
        let mut written = 0;
        let end = self.pass_on(input, out.borrow(), need, &mut written, hook);
        if end.is_err() {
            out.part(0..written).fill(0);
            return end.map(|()| 0);
        }
        self.taken += taken;
        self.state = State::Active;
        Ok(need)
    }

    /// What is held goes first, filled up to a chunk; then whole chunks from the caller's buffer.
    fn pass_on(
        &mut self,
        mut input: In<'_>,
        mut out: Out<'_>,
        need: usize,
        written: &mut usize,
        hook: &mut Hook<'_>,
    ) -> Result<()> {
        let provider = Arc::clone(&self.provider);
        if need > 0 && !self.held.is_empty() {
            let front = self.held.len().next_multiple_of(self.chunk()).min(need);
            let (filling, rest) = input.split_at(front.saturating_sub(self.held.len()));
            self.held.append(filling);
            input = rest;
            let part = self.held.as_in().split_at(front).0;
            self.message.advance(&provider, part, out.borrow().part(0..front), false, hook)?;
            self.held.drop_front(front);
            *written = front;
        }
        let (part, rest) = input.split_at(need - *written);
        self.message.advance(&provider, part, out.part(*written..need), false, hook)?;
        *written = need;
        self.held.append(rest);
        self.spend(need);
        Ok(())
    }

    fn spend(&mut self, bytes: usize) {
        let blocks = bytes.div_ceil(self.chunk()) as u128;
        self.blocks_left = self.blocks_left.map(|left| left.saturating_sub(blocks));
    }

    /// How much room `finalize` needs. Of a padded decryption it gives less.
    ///
    /// # Errors
    /// Why the message cannot end here: more of it may still come.
    pub fn finalize_len(&self) -> Result<usize> {
        self.check_active()?;
        let constraints = self.provider.constraints();
        match (self.padded, self.direction) {
            (false, _) => constraints.check_length(self.taken)?,
            (true, Direction::Encrypt) => return Ok(self.block()),
            (true, Direction::Decrypt) => padding::check_padded(constraints, self.taken)?,
        }
        Ok(self.held.len())
    }

    /// Ends the message; gives how many bytes of the result are in `out`.
    ///
    /// # Errors
    /// An input error leaves the stream as it was, any other ends it.
    pub fn finalize(&mut self, mut out: Out<'_>, hook: &mut Hook<'_>) -> Result<usize> {
        let need = self.finalize_len()?;
        check_room(need, out.len())?;
        self.state = State::Poisoned;
        let mut last = std::mem::take(&mut self.held);
        if self.padded && self.direction == Direction::Encrypt {
            let mut block = Secret::zeroed(need);
            let (mut body, mut tail) = block.as_out().split_at(last.len());
            body.copy_from(last.as_in());
            padding::put(&mut tail, last.len(), need);
            last = block;
        }
        let provider = Arc::clone(&self.provider);
        if !(self.padded && self.direction == Direction::Decrypt) {
            let out = out.part(0..need);
            self.message.advance(&provider, last.as_in(), out, true, hook)?;
            self.state = State::Finished;
            return Ok(need);
        }
        let mut plain = Secret::zeroed(need);
        self.message.advance(&provider, last.as_in(), plain.as_out(), true, hook)?;
        let kept = padding::kept(plain.bytes())?;
        plain.truncate(kept);
        out.copy_from(plain.as_in());
        self.state = State::Finished;
        Ok(kept)
    }

    /// Leaves a `with` block: after an exception the message is lost, without one it must have
    /// been finalized, or have nothing left to say.
    ///
    /// # Errors
    /// [`Error::StreamState`] where bytes would be lost.
    pub fn leave(&mut self, after_exception: bool) -> Result<()> {
        if self.state != State::Active {
            return Ok(());
        }
        let (held, wants_padding) = (self.held.len(), self.padded);
        self.state = if after_exception { State::Poisoned } else { State::Finished };
        self.held = Secret::default();
        if after_exception || (held == 0 && !wants_padding) {
            return Ok(());
        }
        self.state = State::Poisoned;
        Err(Error::stream(format!(
            "the stream was left with {held} bytes held back and no finalize(), so that the end of \
             the message is lost; call finalize() within the with block"
        )))
    }
}

impl fmt::Display for Stream {
    /// What it does and where it is; no data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, held) = (&self.provider.constraints().algorithm, self.held.len());
        let doing = match self.direction {
            Direction::Encrypt => "encrypting",
            Direction::Decrypt => "decrypting",
        };
        match self.state {
            State::Active => write!(f, "{doing} {name}, {held} bytes held back"),
            State::Finished => write!(f, "{doing} {name}, finalized"),
            State::Poisoned => write!(f, "{doing} {name}, failed"),
        }
    }
}

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

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Error::StreamState`] where the wait would never end.
    pub fn turn(&self) -> Result<StreamTurn<'_>> {
        match self.turn.take() {
            Ok(guard) => Ok(StreamTurn { shared: self, _guard: guard }),
            Err(NoTurn::LostAtFork) => Err(Error::stream(
                "another thread was using this stream when the process forked, and is not here to \
                 finish; begin a new one in this process",
            )),
            Err(NoTurn::Nested) => Err(Error::stream(
                "this thread is in the middle of a call of this stream (a signal handler came in \
                 between); it takes one call at a time",
            )),
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
