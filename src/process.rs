//! What one process knows and how it notices that it is another one after `fork`.
//!
//! Nothing here takes a lock that another thread may have held when the process forked: the child
//! would wait for a thread that it does not have.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::constraints::Constraints;

/// How often this process's ancestors have forked since the package was loaded, plus one.
/// Raised in the child by `sys::fork`.
pub static GENERATION: AtomicU32 = AtomicU32::new(1);

/// The fork generation of this process: an atomic read, no system call.
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// What this process may put into one kernel request, and how wide it runs.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The size of a page in bytes.
    pub page: usize,
    /// `net.core.optmem_max` in bytes.
    pub optmem: usize,
    /// CPUs.
    pub cpus: usize,
}

/// What has been found out once and holds for the whole process. Made once, passed down.
#[derive(Debug, Default)]
pub struct Process {
    constraints: ArcSwap<HashMap<String, Arc<Constraints>>>,
    limits: ArcSwapOption<Limits>,
}

impl Process {
    /// The constraints of an algorithm that was opened before.
    pub fn constraints(&self, algorithm: &str) -> Option<Arc<Constraints>> {
        self.constraints.load().get(algorithm).cloned()
    }

    /// Keeps the constraints of an algorithm.
    pub fn remember(&self, constraints: &Arc<Constraints>) {
        self.constraints.rcu(|known| {
            let mut known = HashMap::clone(known);
            known.insert(constraints.algorithm.as_str().to_owned(), Arc::clone(constraints));
            known
        });
    }

    /// The limits, read at the first call.
    pub fn limits(&self, read: impl FnOnce() -> Limits) -> Limits {
        if let Some(known) = &*self.limits.load() {
            return **known;
        }
        let limits = read();
        self.limits.store(Some(Arc::new(limits)));
        limits
    }
}

/// One user at a time; the others wait. A user of the time before a `fork` is noticed by the
/// child, and a user that comes back in a signal handler by itself: neither is waited for.
#[derive(Debug, Default)]
pub struct Turn {
    /// 0: free. Else the generation of whoever has it.
    holder: AtomicU32,
    /// The thread that has it, while it is held.
    thread: AtomicUsize,
}

/// Waiting for the turn would never end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTurn {
    /// A thread has it that this process does not have: it forked meanwhile.
    LostAtFork,
    /// This very thread has it.
    Nested,
}

/// Gives the turn back when it goes.
#[derive(Debug)]
pub struct TurnGuard<'a>(&'a Turn);

/// A number that no other living thread has.
fn this_thread() -> usize {
    thread_local!(static PLACE: u8 = const { 0 });
    PLACE.with(|place| (&raw const *place).addr())
}

impl Turn {
    /// Waits for the turn.
    ///
    /// # Errors
    /// Where waiting would never end.
    pub fn take(&self) -> Result<TurnGuard<'_>, NoTurn> {
        let now = generation();
        loop {
            match self.holder.compare_exchange(0, now, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => {
                    self.thread.store(this_thread(), Ordering::Relaxed);
                    return Ok(TurnGuard(self));
                }
                Err(holder) if holder != now => return Err(NoTurn::LostAtFork),
                Err(_) if self.thread.load(Ordering::Relaxed) == this_thread() => {
                    return Err(NoTurn::Nested);
                }
                Err(holder) => atomic_wait::wait(&self.holder, holder),
            }
        }
    }
}

impl Drop for TurnGuard<'_> {
    fn drop(&mut self) {
        self.0.thread.store(0, Ordering::Relaxed);
        self.0.holder.store(0, Ordering::Release);
        atomic_wait::wake_one(&raw const self.0.holder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_exclude_each_other() {
        let (turn, inside) = (Turn::default(), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        let _turn = turn.take().unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
    }

    #[test]
    fn a_holder_from_before_the_fork_is_noticed() {
        let turn = Turn { holder: AtomicU32::new(generation() + 7), ..Turn::default() };
        assert_eq!(turn.take().unwrap_err(), NoTurn::LostAtFork);
    }

    #[test]
    fn a_holder_that_comes_back_is_noticed() {
        let turn = Turn::default();
        let held = turn.take().unwrap();
        assert_eq!(turn.take().unwrap_err(), NoTurn::Nested);
        drop(held);
        assert!(turn.take().is_ok());
    }
}
