//! A message in progress: where it has got to between the calls of a stream.
//!
//! For most modes that is an IV and nothing else, so that an open stream costs no descriptor and
//! outlives a `fork`; pcbc, lrw and ofb keep their op socket, since only it knows the IV.

use super::fault::Fault;
use super::plan::{Cut, Plan, counted};
use super::pool::Pooled;
use super::request_loop::{Follow, Job, run};
use super::transport::Transport;
use super::{KernelCipher, keyed::Keyed};
use crate::constraints::{Continuation, NextIv, Sibling};
use crate::error::Result;
use crate::process::generation;
use crate::request::{Direction, Hook, Iv, Request};
use crate::span::{In, Out};

/// The place that a message has got to.
#[derive(Debug)]
pub struct Message<T: Transport> {
    direction: Direction,
    /// The IV of what comes next, where the library knows it.
    iv: Iv,
    /// The op socket that knows it, once it has been told the first IV.
    op: Option<Box<Pooled<T::Op>>>,
    begun: bool,
    /// Whether it has ended or was lost: its place is then another one, or nobody knows it, and
    /// what came next would be wrong bytes without an error.
    over: bool,
}

impl<T: Transport> Message<T> {
    pub(super) fn new(cipher: &KernelCipher<T>, direction: Direction, iv: &Iv) -> Self {
        let iv = cipher.sibling_iv(iv).unwrap_or_else(|| iv.clone());
        Self { direction, iv, op: None, begun: false, over: false }
    }

    /// Takes the next part of the message: whole chunks, but for the `last` part.
    ///
    /// # Errors
    /// What the kernel answered; the message is then lost. That it was lost, or had ended, before.
    pub fn advance(
        &mut self,
        cipher: &KernelCipher<T>,
        input: In<'_>,
        output: Out<'_>,
        last: bool,
        hook: &mut Hook<'_>,
    ) -> Result<()> {
        if input.is_empty() {
            return Ok(());
        }
        let done =
            if self.over { Err(Fault::Over) } else { self.step(cipher, input, output, last, hook) };
        self.over |= last || done.is_err();
        done.map_err(|fault| cipher.explain(fault))
    }

    /// Lets go of IV and op socket. One that waits for more of this message is closed: no other
    /// message can have it.
    pub fn end(&mut self) {
        self.iv = Iv::EMPTY;
        self.op = None;
        self.over = true;
    }

    fn step(
        &mut self,
        cipher: &KernelCipher<T>,
        input: In<'_>,
        output: Out<'_>,
        last: bool,
        hook: &mut Hook<'_>,
    ) -> Result<(), Fault> {
        let chunk = cipher.constraints().sizes.chunk.max(1);
        let chained = Cut::Chained { chunk };
        let (keyed, cut, follow) = match (cipher.continuation(), cipher.sibling_keyed()) {
            (Continuation::KernelIv, _) => {
                return self.through_op(cipher, input, output, last, hook);
            }
            (Continuation::Iv(_), _) => (&cipher.own, chained, cipher.follow()),
            (Continuation::Counter(counter), _) => {
                let cut = counted(cipher.constraints(), counter, &self.iv);
                (&cipher.own, cut, cipher.follow())
            }
            (Continuation::Sibling(Sibling::Rfc3686), Some(sibling)) => {
                (sibling, chained, Follow::Chain(NextIv::BigEndianCounter, chunk))
            }
            (Continuation::Sibling(Sibling::Cts), Some(sibling)) if !last => {
                (sibling, chained, Follow::Chain(NextIv::LastCiphertext, chunk))
            }
            _ => (&cipher.own, Cut::Never, Follow::Unknown),
        };
        self.through_pool(keyed, cut, follow, (input, output), hook)
    }

    /// A part whose IV is known: any op socket will do, and none stays behind.
    fn through_pool(
        &mut self,
        keyed: &Keyed<T>,
        cut: Cut,
        follow: Follow,
        (input, output): (In<'_>, Out<'_>),
        hook: &mut Hook<'_>,
    ) -> Result<(), Fault> {
        let mut op = keyed.take()?;
        let plan = Plan { cut, limit: op.limit, len: input.len(), ends: true };
        let request = Request { direction: self.direction, iv: &self.iv, input, output };
        let next =
            run(keyed, &mut op, Job { plan, follow, begun: false, goes_on: true, request }, hook)?;
        keyed.give_back(op);
        if let Some(next) = next {
            self.iv = next;
        }
        Ok(())
    }

    /// A part whose IV only its op socket knows.
    fn through_op(
        &mut self,
        cipher: &KernelCipher<T>,
        input: In<'_>,
        output: Out<'_>,
        last: bool,
        hook: &mut Hook<'_>,
    ) -> Result<(), Fault> {
        let keyed = &cipher.own;
        let mut op = match self.op.take() {
            Some(op) if op.generation == generation() => op,
            Some(_) => return Err(Fault::Parents),
            None => keyed.take()?,
        };
        let cut = Cut::Chained { chunk: keyed.chunk };
        let plan = Plan { cut, limit: op.limit, len: input.len(), ends: last };
        let request = Request { direction: self.direction, iv: &self.iv, input, output };
        let job = Job { plan, follow: Follow::Unknown, begun: self.begun, goes_on: true, request };
        run(keyed, &mut op, job, hook)?;
        self.begun = true;
        if last {
            keyed.give_back(op);
        } else {
            self.op = Some(op);
        }
        Ok(())
    }
}
