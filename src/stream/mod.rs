//! One message in parts. Holds back what the mode cannot do yet; any provider.
//!
//! A part goes to the provider in whole chunks straight from the caller's buffer; what is left
//! over waits here. A message that may not be cut at all waits here whole.

mod shared;

use std::fmt;
use std::sync::Arc;

use crate::algorithm::Algorithm;
use crate::constraints::{Continuation, Sibling, Sizes, bytes, check_room, overlap};
use crate::error::{Error, Result};
use crate::padding;
use crate::provider::{Fallback, Message, Provider};
use crate::request::{Direction, Hook, Iv};
use crate::secret::Secret;
use crate::span::{In, Out, Overlap};
pub use shared::{Shared, StreamTurn};

/// What is held back of the bytes that have come so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl HoldBack {
    fn of(continuation: Continuation, padded: bool, direction: Direction) -> Self {
        match continuation {
            Continuation::OneRequest => Self::All,
            Continuation::Sibling(Sibling::Cts) => Self::CtsTail,
            _ if padded && direction == Direction::Decrypt => Self::LastBlock,
            _ => Self::Rest,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Active,
    Finished,
    Poisoned,
}

/// More chunks than anybody encrypts.
const ENDLESS: u64 = u64::MAX;

/// A message in parts, for one user at a time: see [`Shared`].
#[derive(Debug)]
pub struct Stream {
    /// Until it has ended: the key is not to be kept by a stream that needs it no more.
    provider: Option<Arc<Provider>>,
    algorithm: Algorithm,
    sizes: Sizes,
    message: Message,
    direction: Direction,
    padded: bool,
    hold_back: HoldBack,
    state: State,
    held: Secret,
    /// Bytes of the message so far.
    taken: usize,
    /// Chunks that the counter still has, [`ENDLESS`] where nobody comes to its end. No `Option` and
    /// no `u128`: those have gaps, and what lay on the stack there, an IV, moves along with them.
    blocks_left: u64,
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
        let hold_back = HoldBack::of(provider.continuation(0), padded, direction);
        Ok(Self {
            message: provider.begin(direction, iv),
            blocks_left: capped(constraints.blocks_left(iv)),
            provider: Some(Arc::clone(provider)),
            algorithm: constraints.algorithm.clone(),
            sizes: constraints.sizes,
            direction,
            padded,
            hold_back,
            state: State::Active,
            held: Secret::default(),
            taken: 0,
        })
    }

    /// Who computes, if it can go on.
    ///
    /// # Errors
    /// [`Error::StreamState`].
    fn active(&self) -> Result<&Arc<Provider>> {
        match (self.state, &self.provider) {
            (State::Active, Some(provider)) => Ok(provider),
            (State::Finished, _) => Err(Error::stream(
                "this stream is finalized; begin a new one with encryptor() or decryptor()",
            )),
            (State::Active | State::Poisoned, _) => Err(Error::stream(
                "this stream failed half-way and cannot go on; begin a new one with encryptor() \
                 or decryptor()",
            )),
        }
    }

    fn chunk(&self) -> usize {
        self.sizes.chunk.max(1)
    }

    fn block(&self) -> usize {
        self.sizes.block.max(1)
    }

    /// How many bytes `update` gives for `new` bytes.
    ///
    /// # Errors
    /// Why it cannot take them.
    pub fn update_len(&self, new: usize) -> Result<usize> {
        let provider = self.active()?;
        let total = self.held.len() + new;
        provider.constraints().check_counter(self.blocks_left(), total)?;
        Ok(match self.hold_back {
            HoldBack::Rest => total - total % self.chunk(),
            HoldBack::LastBlock => total.saturating_sub(1) / self.block() * self.block(),
            HoldBack::CtsTail => Sibling::before_cts_tail(total, self.block()),
            HoldBack::All => {
                provider.check_limit(total + self.to_pad(total))?;
                0
            }
        })
    }

    /// Why userspace goes on with the message after `new` bytes, if it outgrows the kernel then.
    pub fn outgrows(&self, new: usize) -> Option<Fallback> {
        let total = self.held.len() + new;
        match self.hold_back {
            HoldBack::All if self.message.may_begin_again() => {
                self.provider.as_ref()?.too_long(total + self.to_pad(total))
            }
            _ => None,
        }
    }

    /// Whether `new` bytes and what is held are not worth giving up the GIL for.
    pub fn is_quick(&self, new: usize) -> bool {
        let len = self.held.len() + new;
        self.provider.as_ref().is_none_or(|provider| provider.is_quick(len))
    }

    /// Has userspace begin again where the message outgrows the kernel after `new` bytes; nothing
    /// of it is lost, since all was held back.
    pub fn go_over(&mut self, new: usize) {
        if let (Some(_), Some(provider)) = (self.outgrows(new), &self.provider) {
            let total = self.held.len() + new;
            let continuation = provider.continuation(total + self.to_pad(total));
            self.hold_back = HoldBack::of(continuation, self.padded, self.direction);
            self.message.begin_again(provider);
        }
    }

    /// How many bytes of padding `finalize` adds to `len` bytes that are held.
    fn to_pad(&self, len: usize) -> usize {
        match (self.padded, self.direction) {
            (true, Direction::Encrypt) => padding::added(len, self.block()),
            _ => 0,
        }
    }

    /// Checks an update; gives how many bytes of the result it will write.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn check_update(&self, input: In<'_>, out: &Out<'_>) -> Result<usize> {
        let need = self.update_len(input.len())?;
        check_room(need, out.len())?;
        if input.overlap(out) != Overlap::None {
            return Err(overlap(
                "data and out of a stream overlap; give an out apart from data, since bytes held \
                 back would be written over unread ones",
            ));
        }
        Ok(need)
    }

    /// Takes the next part of the message; gives how many bytes of the result are in `out`.
    ///
    /// # Errors
    /// An input error or one of memory leaves the stream as it was, any other ends it.
    pub fn update(
        &mut self,
        input: In<'_>,
        mut out: Out<'_>,
        hook: &mut Hook<'_>,
    ) -> Result<usize> {
        let need = self.check_update(input, &out)?;
        let provider = Arc::clone(self.active()?);
        self.make_room(input.len(), need)?;
        self.state = State::Poisoned;
        let mut written = 0;
        match self.pass_on(&provider, input, out.borrow(), (need, &mut written), hook) {
            Ok(()) => {
                self.taken += input.len();
                self.state = State::Active;
                Ok(need)
            }
            Err(error) => {
                if error.may_wipe() {
                    out.part(0..written).fill(0);
                }
                self.end(State::Poisoned);
                Err(error)
            }
        }
    }

    /// Makes room for all that is to be held in the course of an update, before anything moves.
    fn make_room(&mut self, new: usize, need: usize) -> Result<()> {
        let filled = self.held.len().next_multiple_of(self.chunk());
        self.held.reserve(filled.max(self.held.len() + new - need))
    }

    /// What is held goes first, filled up to a chunk; then whole chunks from the caller's buffer.
    fn pass_on(
        &mut self,
        provider: &Provider,
        mut input: In<'_>,
        mut out: Out<'_>,
        (need, written): (usize, &mut usize),
        hook: &mut Hook<'_>,
    ) -> Result<()> {
        if need > 0 && !self.held.is_empty() {
            let front = self.held.len().next_multiple_of(self.chunk()).min(need);
            let (filling, rest) = input.split_at(front.saturating_sub(self.held.len()));
            self.held.append(filling)?;
            input = rest;
            let part = self.held.as_in().split_at(front).0;
            self.message.advance(provider, part, out.borrow().part(0..front), false, hook)?;
            self.held.drop_front(front);
            *written = front;
        }
        let (part, rest) = input.split_at(need - *written);
        self.message.advance(provider, part, out.part(*written..need), false, hook)?;
        *written = need;
        self.held.append(rest)?;
        let blocks = provider.constraints().counted(need);
        self.blocks_left = capped(self.blocks_left().map(|left| left.saturating_sub(blocks)));
        Ok(())
    }

    fn blocks_left(&self) -> Option<u128> {
        (self.blocks_left != ENDLESS).then_some(self.blocks_left.into())
    }

    /// How much room `finalize` needs. Of a padded decryption it gives less.
    ///
    /// # Errors
    /// Why the message cannot end here: more of it may still come.
    pub fn finalize_len(&self) -> Result<usize> {
        let constraints = self.active()?.constraints();
        match (self.padded, self.direction) {
            (false, direction) => constraints.check_length(direction, self.taken)?,
            (true, Direction::Decrypt) => padding::check_padded(constraints, self.taken)?,
            (true, Direction::Encrypt) => {}
        }
        Ok(self.held.len() + self.to_pad(self.held.len()))
    }

    /// Checks that the message can end, into an output of `room` bytes.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check_finalize(&self, room: usize) -> Result<usize> {
        let need = self.finalize_len()?;
        check_room(need, room).map(|()| need)
    }

    /// Ends the message; gives how many bytes of the result are in `out`.
    ///
    /// # Errors
    /// An input error or one of memory leaves the stream as it was, any other ends it.
    pub fn finalize(&mut self, out: Out<'_>, hook: &mut Hook<'_>) -> Result<usize> {
        let need = self.check_finalize(out.len())?;
        let provider = Arc::clone(self.active()?);
        let unpads = self.padded && self.direction == Direction::Decrypt;
        let plain = if unpads { Some(Secret::zeroed(need)?) } else { None };
        self.held.reserve(need)?;
        self.state = State::Poisoned;
        let done = self.last_part(&provider, plain, out.part(0..need), hook);
        match &done {
            // Nothing has been taken: userspace may end it.
            Err(error) if error.is_too_long() && self.message.may_begin_again() => {
                self.state = State::Active;
            }
            Err(_) => self.end(State::Poisoned),
            Ok(_) => self.end(State::Finished),
        }
        done
    }

    /// What is held, padded; or with its padding taken off, where there is a `plain` to do it in.
    fn last_part(
        &mut self,
        provider: &Provider,
        plain: Option<Secret>,
        mut out: Out<'_>,
        hook: &mut Hook<'_>,
    ) -> Result<usize> {
        let (held, need) = (self.held.len(), out.len());
        if let Some(mut plain) = plain {
            self.message.advance(provider, self.held.as_in(), plain.as_out(), true, hook)?;
            plain.truncate(padding::kept(plain.bytes(), self.block())?);
            out.copy_from(plain.as_in());
            return Ok(plain.len());
        }
        if need > held {
            let block = self.block();
            self.held.extend_to(need)?;
            padding::put(&mut self.held.as_out().split_at(held).1, held, block);
        }
        self.message.advance(provider, self.held.as_in(), out, true, hook)?;
        Ok(need)
    }

    /// Lets go of all that a stream holds: it has ended, one way or the other.
    fn end(&mut self, state: State) {
        self.state = state;
        self.held = Secret::default();
        self.message.end();
        self.provider = None;
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
        let held = self.held.len();
        let lost = !after_exception && (held > 0 || self.padded);
        self.end(if lost || after_exception { State::Poisoned } else { State::Finished });
        if !lost {
            return Ok(());
        }
        Err(Error::stream(format!(
            "the stream was left with {} held back and no finalize(), so that the end of the \
             message is lost; call finalize() within the with block",
            bytes(held)
        )))
    }
}

fn capped(blocks: Option<u128>) -> u64 {
    blocks.and_then(|blocks| u64::try_from(blocks).ok()).unwrap_or(ENDLESS)
}

impl fmt::Display for Stream {
    /// What it does and where it is; no data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, held) = (&self.algorithm, self.held.len());
        let doing = match self.direction {
            Direction::Encrypt => "encrypting",
            Direction::Decrypt => "decrypting",
        };
        match self.state {
            State::Active => write!(f, "{doing} {name}, {} held back", bytes(held)),
            State::Finished => write!(f, "{doing} {name}, finalized"),
            State::Poisoned => write!(f, "{doing} {name}, failed"),
        }
    }
}
