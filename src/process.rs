//! What one process knows and how it notices that it is another one after `fork`.
//!
//! Nothing here takes a lock that another thread may have held when the process forked: the child
//! would wait for a thread that it does not have.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Instant;

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::constraints::Constraints;
use crate::error::Error;

/// How often this process's ancestors have forked since the package was loaded, plus one.
/// Raised in the child by `sys::fork`.
pub static GENERATION: AtomicU32 = AtomicU32::new(1);

/// The fork generation of this process: an atomic read, no system call.
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// A number of the thread that calls: threads get theirs in turn, so that those which run at once may
/// keep to places of their own, a cache line each.
pub fn lane() -> usize {
    const NONE: usize = usize::MAX;
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! { static LANE: Cell<usize> = const { Cell::new(NONE) } }
    if LANE.get() == NONE {
        LANE.set(NEXT.fetch_add(1, Ordering::Relaxed) % NONE);
    }
    LANE.get()
}

/// What this process may put into one kernel request, and how wide it runs.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The size of a page in bytes.
    pub page: usize,
    /// `net.core.optmem_max` in bytes; `None` where it could not be read.
    pub optmem: Option<usize>,
    /// CPUs.
    pub cpus: usize,
}

/// What an algorithm of the kernel said to a question whose answer was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What was published.
    Right,
    /// Nothing was published for it, or not for a key that its driver takes.
    NotAsked,
    /// Something else; why nobody should trust it.
    Wrong(Arc<str>),
}

/// What has been found out once and holds for the whole process. Made once, passed down.
#[derive(Debug, Default)]
pub struct Process {
    /// The constraints of the algorithms that were opened before.
    pub constraints: Known<Arc<Constraints>>,
    /// What the algorithms answered that were asked before.
    pub answers: Known<Verdict>,
    /// Why the kernel refused an algorithm, and when: to ask again costs it a search for modules.
    pub refusals: Known<(Instant, Error)>,
    /// The reasons for which a warning was given.
    pub warned: Known<()>,
    limits: ArcSwapOption<Limits>,
}

/// Facts by name, read without a lock and seldom written.
#[derive(Debug)]
pub struct Known<V>(ArcSwap<HashMap<String, V>>);

impl<V> Default for Known<V> {
    fn default() -> Self {
        Self(ArcSwap::default())
    }
}

impl<V: Clone> Known<V> {
    /// What is known of a name.
    pub fn of(&self, name: &str) -> Option<V> {
        self.0.load().get(name).cloned()
    }

    /// Keeps a fact.
    pub fn remember(&self, name: &str, fact: &V) {
        self.0.rcu(|known| {
            let mut known = HashMap::clone(known);
            known.insert(name.to_owned(), fact.clone());
            known
        });
    }
}

impl Process {
    /// The limits, read at the first call at which that is possible.
    pub fn limits(&self, read: impl FnOnce() -> Limits) -> Limits {
        if let Some(known) = &*self.limits.load() {
            return **known;
        }
        let limits = read();
        if limits.optmem.is_some() {
            self.limits.store(Some(Arc::new(limits)));
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_until_they_could_be() {
        let process = Process::default();
        let read = |optmem| process.limits(|| Limits { page: 4096, optmem, cpus: 1 }).optmem;
        assert_eq!(
            [read(None), read(Some(1)), read(Some(2)), read(None)],
            [None, Some(1), Some(1), Some(1)]
        );
    }
}
