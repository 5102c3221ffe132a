//! One message on several threads, where its mode can begin anywhere in it.

use std::mem::replace;

use super::spread::{STRIDE, of_use, run};
use crate::constraints::{Continuation, NextIv};
use crate::error::Result;
use crate::provider::Provider;
use crate::request::{Direction, Exchange, Fate, Hook, Iv, Request};
use crate::span::{In, Out};

/// A provider, and how many threads may work on one message.
#[derive(Clone, Copy, Debug)]
pub struct Spread<'p> {
    /// The provider.
    pub provider: &'p Provider,
    /// How many threads.
    pub threads: usize,
}

impl<'p> Spread<'p> {
    /// One thread: the caller's.
    pub const fn alone(provider: &'p Provider) -> Self {
        Self { provider, threads: 1 }
    }

    /// Whether several threads are of use for a message of `len` bytes, and its mode lets them: the
    /// IV of every part is known before any is computed.
    pub fn goes_wide(&self, direction: Direction, len: usize) -> bool {
        let begins_anywhere = || match self.provider.continuation(len) {
            Continuation::Iv(NextIv::LastCiphertext) => direction == Direction::Decrypt,
            Continuation::Iv(_) | Continuation::Counter(_) => true,
            _ => false,
        };
        self.threads > 1 && self.of_use(len) > 1 && begins_anywhere()
    }

    fn of_use(&self, len: usize) -> usize {
        of_use(self.threads, len.div_ceil(STRIDE), len)
    }

    /// [`Provider::on_this_stack`], which several threads need more of.
    pub const fn on_this_stack(&self, len: usize) -> usize {
        if self.threads > 1 { usize::MAX } else { self.provider.on_this_stack(len) }
    }

    /// One whole message; checked first.
    ///
    /// # Errors
    /// [`Provider::crypt`]'s. What was written is wiped.
    pub fn crypt(&self, request: Request<'_>, hook: &mut Hook<'_>) -> Result<usize> {
        self.provider.check_request(&request)?;
        self.crypt_checked(request, hook)
    }

    /// The same, of a request that was checked.
    ///
    /// # Errors
    /// [`Provider::crypt_checked`]'s. What was written is wiped.
    pub fn crypt_checked(&self, request: Request<'_>, hook: &mut Hook<'_>) -> Result<usize> {
        let len = request.input.len();
        if !self.goes_wide(request.direction, len) {
            return self.provider.crypt_checked(request, hook);
        }
        self.crypt_wide(request, hook)
    }

    /// In a frame of its own, which those on one thread do without.
    #[inline(never)]
    fn crypt_wide(&self, mut request: Request<'_>, hook: &mut Hook<'_>) -> Result<usize> {
        let len = request.input.len();
        let chunk = self.provider.constraints().sizes.chunk.max(1);
        let mut parts = Parts {
            index: 0,
            iv: request.iv.clone(),
            input: request.input,
            output: request.output.borrow().part(0..len),
            stride: STRIDE - STRIDE % chunk,
            chunk,
            continuation: self.provider.continuation(len),
        };
        let (threads, count) = (self.of_use(len), len.div_ceil(parts.stride));
        let done = run(self.provider, request.direction, (&mut parts, count), threads, hook);
        let (stride, begun) = (parts.stride, parts.index);
        done.map(|()| len).map_err(|failure| {
            failure.wipe(request.output.part(0..len), stride, begun);
            failure.error
        })
    }
}

/// The parts of a message, each with its IV.
struct Parts<'a> {
    index: usize,
    iv: Iv,
    input: In<'a>,
    output: Out<'a>,
    stride: usize,
    chunk: usize,
    continuation: Continuation,
}

impl<'a> Iterator for Parts<'a> {
    type Item = Exchange<'a>;

    fn next(&mut self) -> Option<Exchange<'a>> {
        let (input, later) = self.input.split_at(self.stride);
        if input.is_empty() {
            return None;
        }
        let rest = replace(&mut self.output, Out::from_slice(&mut []));
        let (output, rest) = rest.split_at(input.len());
        let (index, iv) = (self.index, self.iv.clone());
        (self.index, self.input, self.output) = (index + 1, later, rest);
        if !later.is_empty() {
            self.follow(input);
        }
        Some(Exchange { index, iv, input, output, fate: Fate::Waiting })
    }
}

impl Parts<'_> {
    /// The IV behind a part. Its last ciphertext is read now: in place, nobody has it later.
    fn follow(&mut self, part: In<'_>) {
        let blocks = u64::try_from(part.len() / self.chunk).unwrap_or_default();
        match self.continuation {
            Continuation::Iv(NextIv::LastCiphertext) => {
                let block = self.iv.bytes().len();
                self.iv.fill_from(part.split_at(part.len() - block).1);
            }
            Continuation::Iv(NextIv::BigEndianCounter) => {
                NextIv::add_big_endian(&mut self.iv, blocks);
            }
            Continuation::Counter(counter) => counter.advance(&mut self.iv, blocks),
            _ => {}
        }
    }
}
