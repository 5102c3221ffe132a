//! Idle op sockets of one tfm, taken and put back without a lock.

use crate::process::generation;
use crate::sys::Slot;

/// An op socket with the largest request that it carries.
#[derive(Debug)]
pub(super) struct Pooled<O> {
    /// The op socket.
    pub(super) op: O,
    /// Bytes of one request.
    pub(super) limit: usize,
    /// The fork generation that it belongs to: a child shares its parent's request state and must
    /// not touch it.
    pub(super) generation: u32,
}

/// At most two idle op sockets a CPU.
#[derive(Debug)]
pub(super) struct Pool<O>(Box<[Slot<Pooled<O>>]>);

impl<O> Pool<O> {
    /// An empty pool.
    pub(super) fn new(cpus: usize) -> Self {
        Self((0..2 * cpus).map(|_| Slot::new()).collect())
    }

    /// An idle op socket of this process. Those of its parent are closed, here and now.
    pub(super) fn take(&self) -> Option<Box<Pooled<O>>> {
        self.0.iter().filter_map(Slot::take).find(|pooled| pooled.generation == generation())
    }

    /// Keeps an op socket that is clean; closes it where the pool is full.
    pub(super) fn put(&self, mut pooled: Box<Pooled<O>>) {
        for slot in &self.0 {
            match slot.put(pooled) {
                Ok(()) => return,
                Err(back) => pooled = back,
            }
        }
    }
}
