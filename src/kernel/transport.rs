//! Every call that the kernel provider makes. The seam for tests (a scripted kernel) and benches.

use std::fmt::Debug;

use crate::algorithm::{AlgType, Algorithm};
use crate::error::{Errno, Refusal};
use crate::key::Key;
use crate::request::{Direction, Exchange, Iv};
use crate::span::{In, Out};
use crate::sys::{CHAIN, OpSocket, TfmSocket, may_exchange};

/// AF_ALG, or something that behaves like it.
pub trait Transport: Debug + Clone + Send + Sync + 'static {
    /// A bound socket.
    type Tfm: Debug + Send + Sync;
    /// What `accept` gives; one request at a time.
    type Op: Debug + Send;
    /// How many exchanges one system call carries.
    const CHAIN: usize;
    /// Whether results are what the algorithm makes of a message. What does not compute is asked for
    /// no known answer, and /proc/crypto does not speak of it.
    const COMPUTES: bool = true;

    /// `socket` and `bind`.
    ///
    /// # Errors
    /// The call that was refused, and its errno.
    fn open(&self, kind: AlgType, algorithm: &Algorithm) -> Result<Self::Tfm, Refusal>;

    /// `setsockopt(ALG_SET_KEY)`, or by the key's serial, before the first accept.
    ///
    /// # Errors
    /// The errno.
    fn set_key(&self, tfm: &Self::Tfm, key: Key<'_>) -> Result<(), Refusal>;

    /// Whether keys are taken by their serials.
    ///
    /// # Errors
    /// The errno of a policy that keeps from asking.
    fn takes_serials(&self, tfm: &Self::Tfm) -> Result<bool, Errno>;

    /// `accept4`.
    ///
    /// # Errors
    /// The errno.
    fn accept(&self, tfm: &Self::Tfm, iv_size: usize) -> Result<Self::Op, Refusal>;

    /// Raises the send and the receive buffer as far as this process may; gives what they have.
    fn grow_buffers(&self, op: &Self::Op, send: usize, receive: usize) -> (usize, usize);

    /// One `sendmsg`, operation and IV along with it where `head` has them.
    ///
    /// # Errors
    /// The errno.
    fn send(
        &self,
        op: &mut Self::Op,
        head: Option<(Direction, &Iv)>,
        data: In<'_>,
        more: bool,
    ) -> Result<usize, Errno>;

    /// One `recvmsg`.
    ///
    /// # Errors
    /// The errno.
    fn receive(&self, op: &mut Self::Op, out: &mut Out<'_>) -> Result<usize, Errno>;

    /// Whether [`exchange`](Self::exchange) may be had; it may say no all the same.
    fn may_exchange(&self) -> bool;

    /// Sends and receives each of a group, of [`CHAIN`](Self::CHAIN) at most, in its turn, in one
    /// system call, and notes its fate. `false`: that cannot be had, and nothing was done.
    fn exchange(
        &self,
        op: &mut Self::Op,
        direction: Direction,
        group: &mut [&mut Exchange<'_>],
    ) -> bool;
}

/// What ciphers are made over: in a build for benches, what stands in for the kernel.
#[cfg(feature = "instrument")]
pub use super::Instrument as TheKernel;
#[cfg(not(feature = "instrument"))]
pub use AfAlg as TheKernel;

/// The kernel itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct AfAlg;

impl Transport for AfAlg {
    type Tfm = TfmSocket;
    type Op = OpSocket;
    const CHAIN: usize = CHAIN;

    fn open(&self, kind: AlgType, algorithm: &Algorithm) -> Result<TfmSocket, Refusal> {
        TfmSocket::open(kind, algorithm)
    }

    fn set_key(&self, tfm: &TfmSocket, key: Key<'_>) -> Result<(), Refusal> {
        tfm.set_key(key)
    }

    fn takes_serials(&self, tfm: &TfmSocket) -> Result<bool, Errno> {
        tfm.takes_serials()
    }

    fn accept(&self, tfm: &TfmSocket, iv_size: usize) -> Result<OpSocket, Refusal> {
        tfm.accept(iv_size)
    }

    fn grow_buffers(&self, op: &OpSocket, send: usize, receive: usize) -> (usize, usize) {
        op.grow_buffers(send, receive)
    }

    fn send(
        &self,
        op: &mut OpSocket,
        head: Option<(Direction, &Iv)>,
        data: In<'_>,
        more: bool,
    ) -> Result<usize, Errno> {
        op.send(head, data, more)
    }

    fn receive(&self, op: &mut OpSocket, out: &mut Out<'_>) -> Result<usize, Errno> {
        op.receive(out)
    }

    fn may_exchange(&self) -> bool {
        may_exchange()
    }

    fn exchange(
        &self,
        op: &mut OpSocket,
        direction: Direction,
        group: &mut [&mut Exchange<'_>],
    ) -> bool {
        op.exchange(direction, group)
    }
}
