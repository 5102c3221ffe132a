//! Idle op sockets of one tfm, taken and put back without a lock.

use crate::process::{generation, lane};
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
    /// The lane of the thread that has it.
    pub(super) lane: usize,
}

/// At most two idle op sockets a CPU, which have a cache line to themselves: threads that share a
/// Cipher would else take turns at one.
#[derive(Debug)]
pub(super) struct Pool<O>(Box<[Lane<O>]>);

#[derive(Debug)]
#[repr(align(64))]
struct Lane<O>([Slot<Pooled<O>>; 2]);

impl<O> Pool<O> {
    /// An empty pool.
    pub(super) fn new(cpus: usize) -> Self {
        Self((0..cpus).map(|_| Lane([Slot::new(), Slot::new()])).collect())
    }

    /// An idle op socket of this process. Those of its parent are closed, here and now.
    pub(super) fn take(&self) -> Option<Box<Pooled<O>>> {
        let own = lane();
        let mut idle = self.slots(own).filter_map(Slot::take);
        let mut pooled = idle.find(|pooled| pooled.generation == generation())?;
        pooled.lane = own;
        Some(pooled)
    }

    /// Keeps an op socket that is clean; closes it where the pool is full.
    pub(super) fn put(&self, mut pooled: Box<Pooled<O>>) {
        for slot in self.slots(pooled.lane) {
            match slot.put(pooled) {
                Ok(()) => return,
                Err(back) => pooled = back,
            }
        }
    }

    /// All of them, from the lane's own on.
    fn slots(&self, lane: usize) -> impl Iterator<Item = &Slot<Pooled<O>>> {
        let (before, own) = self.0.split_at(lane % self.0.len().max(1));
        own.iter().chain(before).flat_map(|lane| &lane.0)
    }
}
