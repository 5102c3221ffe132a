//! One user at a time; the others wait. A mutex would do, but for two waits that never end: a child
//! for a thread of its parent's, and a signal handler for the call that it came into.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

use crate::process::generation;
use crate::request::Hook;

/// What a newcomer leaves to those who wait already: a thread that takes its turns in a loop would
/// else take the next before they have woken up.
const HEAD_START: Duration = Duration::from_millis(1);

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
    /// Takes the turn if it is free and nobody waits for it.
    ///
    /// # Errors
    /// Why it is not.
    pub fn take_now(&self) -> Result<TurnGuard<'_>, NoTurn> {
        match self.waiting.load(Ordering::SeqCst) {
            0 => self.try_take(),
            _ => self.try_take().and(Err(NoTurn::Taken)), // if free, it goes straight to a waiter
        }
    }

    fn try_take(&self) -> Result<TurnGuard<'_>, NoTurn> {
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
        if self.waiting.load(Ordering::SeqCst) > 0 {
            sleep(HEAD_START);
        }
        loop {
            match self.try_take() {
                Err(NoTurn::Taken) => {}
                taken_or_never => return taken_or_never,
            }
            self.waiting.fetch_add(1, Ordering::SeqCst);
            atomic_wait::wait(&self.holder, generation());
            // Before the hook, which may have to wait for the GIL while others come and go.
            let taken = self.try_take();
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            if !matches!(taken, Err(NoTurn::Taken)) {
                return taken;
            }
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
    use std::time::Instant;

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
    fn a_thread_in_a_loop_does_not_pass_those_who_wait() {
        let (turn, passed, stop) = (Turn::default(), AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while stop.load(Ordering::SeqCst) == 0 {
                    let taken = turn.take_now().or_else(|_| turn.take(&mut || false)).unwrap();
                    let begun = Instant::now();
                    while begun.elapsed() < Duration::from_micros(200) {}
                    drop(taken);
                    passed.fetch_add(1, Ordering::SeqCst);
                }
            });
            let mut waits: Vec<u32> = (0..20)
                .map(|_| {
                    sleep(Duration::from_millis(2));
                    let before = passed.load(Ordering::SeqCst);
                    let mut wait_for_the_gil = || {
                        sleep(Duration::from_micros(500));
                        false
                    };
                    drop(turn.take(&mut wait_for_the_gil).unwrap());
                    passed.load(Ordering::SeqCst) - before
                })
                .collect();
            stop.store(1, Ordering::SeqCst);
            waits.sort_unstable();
            assert!(waits[10] <= 5, "{waits:?}: turns of the loop while another thread waited");
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
