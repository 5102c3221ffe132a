//! One user at a time; the others wait. A mutex would do, but for two waits that never end: a child
//! for a thread of its parent's, and a signal handler for the call that it came into.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use crate::process::generation;
use crate::request::Hook;

/// The turn.
#[derive(Debug, Default)]
pub struct Turn {
    /// 0: free. Else the fork generation of whoever has it.
    holder: AtomicU32,
    /// The thread that has it, while it is held.
    thread: AtomicUsize,
    /// How many wait, so that nobody is woken where nobody sleeps: that is a system call.
    waiting: AtomicU32,
}

/// Why there is no turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTurn {
    /// Another thread has it.
    Taken,
    /// A thread has it that this process does not have: it forked meanwhile.
    LostAtFork,
    /// This very thread has it.
    Nested,
    /// The hook ended the wait.
    Interrupted,
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
    /// Takes the turn if it is free.
    ///
    /// # Errors
    /// Why it is not.
    pub fn take_now(&self) -> Result<TurnGuard<'_>, NoTurn> {
        let now = generation();
        // SeqCst with `waiting`: whoever sleeps is seen by whoever gives the turn back.
        match self.holder.compare_exchange(0, now, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => {
                self.thread.store(this_thread(), Ordering::Relaxed);
                Ok(TurnGuard(self))
            }
            Err(holder) if holder != now => Err(NoTurn::LostAtFork),
            Err(_) if self.thread.load(Ordering::Relaxed) == this_thread() => Err(NoTurn::Nested),
            Err(_) => Err(NoTurn::Taken),
        }
    }

    /// Waits for the turn; a signal has the hook asked.
    ///
    /// # Errors
    /// Where waiting would never end, or the hook ended it.
    pub fn take(&self, hook: &mut Hook<'_>) -> Result<TurnGuard<'_>, NoTurn> {
        loop {
            match self.take_now() {
                Err(NoTurn::Taken) => {}
                taken_or_never => return taken_or_never,
            }
            self.waiting.fetch_add(1, Ordering::SeqCst);
            atomic_wait::wait(&self.holder, generation());
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            if hook() {
                atomic_wait::wake_one(&raw const self.holder); // the turn may have come meanwhile
                return Err(NoTurn::Interrupted);
            }
        }
    }
}

impl Drop for TurnGuard<'_> {
    fn drop(&mut self) {
        self.0.thread.store(0, Ordering::Relaxed);
        self.0.holder.store(0, Ordering::SeqCst);
        if self.0.waiting.load(Ordering::SeqCst) > 0 {
            atomic_wait::wake_one(&raw const self.0.holder);
        }
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
                        let _turn = turn.take(&mut || false).unwrap();
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
        assert_eq!(turn.take(&mut || false).unwrap_err(), NoTurn::LostAtFork);
    }

    #[test]
    fn a_holder_that_comes_back_is_noticed() {
        let turn = Turn::default();
        let held = turn.take_now().unwrap();
        assert_eq!(turn.take_now().unwrap_err(), NoTurn::Nested);
        drop(held);
        assert!(turn.take_now().is_ok());
    }
}
