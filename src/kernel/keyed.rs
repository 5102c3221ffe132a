//! A tfm with its key, and op sockets of it.

use super::fault::Fault;
use super::pool::{Pool, Pooled};
use super::transport::Transport;
use crate::algorithm::{AlgType, Algorithm};
use crate::error::{Refusal, Stage};
use crate::key::Key;
use crate::process::{Limits, generation, lane};
use crate::sys::errno;

/// A keyed tfm. The key is in the kernel alone.
#[derive(Debug)]
pub(super) struct Keyed<T: Transport> {
    pub(super) transport: T,
    pub(super) chunk: usize,
    tfm: T::Tfm,
    pool: Pool<T::Op>,
    iv_size: usize,
    limits: Limits,
}

impl<T: Transport> Keyed<T> {
    /// Binds the algorithm; it has no key yet.
    pub(super) fn bind(transport: &T, algorithm: &Algorithm) -> Result<T::Tfm, Refusal> {
        again(|| transport.open(AlgType::Skcipher, algorithm))
    }

    /// Sets the key, where the cipher has one (cipher_null has none), and opens the first op
    /// socket. A key that is refused takes the tfm with it: what it holds then depends on the
    /// driver (`crypto_skcipher_setkey`).
    pub(super) fn new(
        transport: &T,
        tfm: T::Tfm,
        key: Option<Key<'_>>,
        (chunk, iv_size): (usize, usize),
        limits: Limits,
    ) -> Result<Self, Refusal> {
        match key {
            Some(key @ Key::Bytes(_)) => again(|| transport.set_key(&tfm, key))?,
            // Whose key somebody is still making waits for that, and may not want to.
            Some(key @ Key::InKeyring(_)) => transport.set_key(&tfm, key)?,
            None => {}
        }
        let keyed = Self {
            transport: transport.clone(),
            chunk: chunk.max(1),
            tfm,
            pool: Pool::new(limits.cpus),
            iv_size,
            limits,
        };
        let first = keyed.open()?;
        keyed.give_back(first);
        Ok(keyed)
    }

    /// An op socket, idle or new.
    pub(super) fn take(&self) -> Result<Box<Pooled<T::Op>>, Fault> {
        match self.pool.take() {
            Some(op) => Ok(op),
            None => self.fresh(),
        }
    }

    /// A new op socket.
    pub(super) fn fresh(&self) -> Result<Box<Pooled<T::Op>>, Fault> {
        self.open().map_err(Fault::Refused)
    }

    /// Takes back a clean op socket.
    pub(super) fn give_back(&self, op: Box<Pooled<T::Op>>) {
        self.pool.put(op);
    }

    fn open(&self) -> Result<Box<Pooled<T::Op>>, Refusal> {
        let op = again(|| self.transport.accept(&self.tfm, self.iv_size))?;
        // An accepted socket starts with the system's defaults, whatever the tfm has.
        let (send, receive) = self.limits.wanted_buffers();
        let limit = self.limits.usable(self.transport.grow_buffers(&op, send, receive));
        Ok(Box::new(Pooled { op, limit, generation: generation(), lane: lane() }))
    }
}

/// Calls of the set-up that a signal may interrupt are made again: a bind waits for a module and
/// its self-test. `socket` does not wait, so that an EINTR of it is somebody's policy.
pub(super) fn again<R>(mut call: impl FnMut() -> Result<R, Refusal>) -> Result<R, Refusal> {
    loop {
        match call() {
            Err(Refusal { errno: errno::EINTR, stage }) if stage != Stage::Socket => {}
            other => return other,
        }
    }
}
