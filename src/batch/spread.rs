//! Takes requests from a source, in groups, until there are no more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, Scope, scope};
use std::time::{Duration, Instant};

use super::{Failure, Source};
use crate::error::{Error, Result};
use crate::process::generation;
use crate::provider::{Provider, without_remnants};
use crate::request::{Direction, Exchange, Fate, Hook};

/// How often the hook is asked.
const PATIENCE: Duration = Duration::from_millis(50);

/// How many requests a group has at most: as many as a chain of the kernel provider's.
const GROUP: usize = 64;

/// How many bytes make a group: few enough that threads end together, and that a signal does not
/// wait.
pub(super) const STRIDE: usize = 256 << 10;

/// How many threads are of use, where so many are allowed, for so many requests and bytes.
pub(super) fn of_use(threads: usize, requests: usize, bytes: usize) -> usize {
    threads.min(requests.div_ceil(GROUP).max(bytes.div_ceil(STRIDE)).min(requests))
}

/// Runs all requests of a source, on up to `threads` threads, this one among them.
///
/// # Errors
/// The first one that failed. [`Error::Interrupted`], at the first one that has not been begun.
pub(super) fn run<'a>(
    provider: &Provider,
    direction: Direction,
    source: &mut impl Source<'a>,
    threads: usize,
    hook: &mut Hook<'_>,
) -> Result<(), Failure> {
    let begun = generation();
    let work = Work { provider, direction, shared: Mutex::new(Shared::new(source)) };
    loop {
        let last = if threads > 1 { work.shift(threads) } else { work.alone(hook) };
        if last {
            return work.result();
        }
        if hook() {
            return Err(work.given_up(Error::Interrupted));
        }
        if begun != generation() {
            return Err(work.given_up(Error::stream(
                "the process forked in the middle of this call, and the parent goes on with it; \
                 call again in this process",
            )));
        }
    }
}

/// What the threads share.
struct Shared<'s, S> {
    source: &'s mut S,
    /// How many requests have been handed out.
    handed: usize,
    over: bool,
    failure: Option<Failure>,
}

struct Work<'s, S> {
    provider: &'s Provider,
    direction: Direction,
    shared: Mutex<Shared<'s, S>>,
}

impl<'s, S> Shared<'s, S> {
    const fn new(source: &'s mut S) -> Self {
        Self { source, handed: 0, over: false, failure: None }
    }

    /// The next group.
    fn fill<'a>(&mut self, group: &mut Vec<Exchange<'a>>)
    where
        S: Source<'a>,
    {
        group.clear();
        let mut bytes = 0;
        while group.len() < GROUP && bytes < STRIDE && !self.over {
            match self.source.next() {
                Some(exchange) => {
                    bytes += exchange.input.len();
                    group.push(exchange);
                }
                None => self.over = true,
            }
        }
        self.handed += group.len();
    }

    /// Keeps the failure that comes first in the order of the requests.
    fn fail(&mut self, failure: Failure) {
        let before = self.failure.as_ref().map_or(usize::MAX, |first| first.index);
        if failure.index < before {
            self.failure = Some(failure);
        }
        self.over = true;
    }
}

impl<'s, 'a, S: Source<'a>> Work<'s, S> {
    /// Works until all is done, something fails or the hook is to be asked; whether it was all.
    fn alone(&self, hook: &mut Hook<'_>) -> bool {
        let (mut group, started) = (Vec::with_capacity(GROUP), Instant::now());
        while started.elapsed() < PATIENCE {
            if !self.step(&mut group, hook) {
                return true;
            }
        }
        false
    }

    /// The same on several threads. Nobody asks the real hook meanwhile: who is interrupted has the
    /// shift end early.
    fn shift(&self, threads: usize) -> bool {
        let (ends, started) = (AtomicBool::new(false), Instant::now());
        let worker = || {
            let mut group = Vec::with_capacity(GROUP);
            let mut hook = || {
                ends.store(true, Ordering::Relaxed);
                false
            };
            while !ends.load(Ordering::Relaxed) && started.elapsed() < PATIENCE {
                if !self.step(&mut group, &mut hook) {
                    return;
                }
            }
        };
        scope(|scope| {
            // Where the system has no more threads, fewer do it.
            for _ in (1..threads).take_while(|_| spawn(scope, &worker)) {}
            worker();
        });
        self.shared().over
    }

    /// Takes a group and runs it; whether there was one, and nothing failed.
    fn step(&self, group: &mut Vec<Exchange<'a>>, hook: &mut Hook<'_>) -> bool {
        self.shared().fill(group);
        if group.is_empty() {
            return false;
        }
        let done = self.provider.crypt_group(self.direction, group, hook);
        if let Err(error) = done {
            let waiting = group.iter().find(|exchange| exchange.fate != Fate::Done);
            let index = waiting.map_or(usize::MAX, |exchange| exchange.index);
            self.shared().fail(Failure { index, error });
            return false;
        }
        true
    }

    fn result(self) -> Result<(), Failure> {
        let shared = self.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        shared.failure.map_or(Ok(()), Err)
    }

    fn given_up(self, error: Error) -> Failure {
        let index = self.shared().handed;
        Failure { index, error }
    }

    fn shared(&self) -> MutexGuard<'_, Shared<'s, S>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread's stack is kept by the C library for the next one: what a cipher leaves there is wiped.
fn spawn<'scope>(scope: &'scope Scope<'scope, '_>, worker: &'scope (impl Fn() + Sync)) -> bool {
    let work = move || without_remnants(usize::MAX, worker);
    Builder::new().name("afalg".into()).spawn_scoped(scope, work).is_ok()
}
