//! Takes requests from a source, in groups, until there are no more.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, Scope, scope};
use std::time::{Duration, Instant};

use super::{Failure, Source};
use crate::error::{Error, Result};
use crate::process::generation;
use crate::provider::{Provider, without_remnants};
use crate::request::{Direction, Exchange, Fate, Hook};
use crate::span::Overlap;

/// How often the hook is asked.
const PATIENCE: Duration = Duration::from_millis(50);

/// How many requests a group has at most: as many as a chain of the kernel provider's.
const GROUP: usize = 64;

/// How many threads one call starts at most, each with an op socket: as many as large machines have
/// processors.
const MOST: usize = 256;

/// A thread's stack in bytes: many times what a call uses. Said here, for the environment might say
/// less (`RUST_MIN_STACK`).
const STACK: usize = 512 << 10;

/// How many bytes make a group: few enough that threads end together, and that a signal does not
/// wait.
pub(super) const STRIDE: usize = 256 << 10;

/// How many threads are of use, where so many are allowed, for so many requests and bytes.
pub(super) fn of_use(threads: usize, requests: usize, bytes: usize) -> usize {
    threads.min(MOST).min(requests.div_ceil(GROUP).max(bytes.div_ceil(STRIDE)).min(requests))
}

/// Runs the `count` requests of a source, on up to `threads` threads, this one among them.
///
/// # Errors
/// The first one that failed. [`Error::Interrupted`], at the first one that has not been begun.
pub(super) fn run<'a>(
    provider: &Provider,
    direction: Direction,
    (source, count): (&mut impl Source<'a>, usize),
    threads: usize,
    hook: &mut Hook<'_>,
) -> Result<(), Failure> {
    let begun = generation();
    let work = Work { provider, direction, shared: Mutex::new(Shared::new(source, count)) };
    loop {
        let last = if threads > 1 { work.shift(threads) } else { work.alone(hook) };
        if last {
            return work.result();
        }
        if hook() {
            return Err(work.given_up(Error::Interrupted));
        }
        if begun != generation() {
            return Err(work.given_up(Error::Forked));
        }
    }
}

/// What the threads share.
struct Shared<'s, S> {
    source: &'s mut S,
    /// How many requests it has in all.
    count: usize,
    /// How many have been handed out.
    handed: usize,
    /// The groups that were not finished: from where on, and why.
    failures: Vec<(Range<usize>, Error)>,
}

struct Work<'s, S> {
    provider: &'s Provider,
    direction: Direction,
    shared: Mutex<Shared<'s, S>>,
}

impl<'s, S> Shared<'s, S> {
    const fn new(source: &'s mut S, count: usize) -> Self {
        Self { source, count, handed: 0, failures: Vec::new() }
    }

    /// Whether nothing is left to be begun.
    const fn is_over(&self) -> bool {
        self.handed == self.count || !self.failures.is_empty()
    }

    /// The next group.
    fn fill<'a>(&mut self, group: &mut Vec<Exchange<'a>>)
    where
        S: Source<'a>,
    {
        group.clear();
        let mut bytes = 0;
        while group.len() < GROUP && bytes < STRIDE && !self.is_over() {
            let Some(exchange) = self.source.next() else {
                self.count = self.handed; // it has promised more than it has
                break;
            };
            bytes += exchange.input.len();
            self.handed += 1;
            group.push(exchange);
        }
    }

    /// Notes that a group was not finished.
    fn fail(&mut self, group: &mut [Exchange<'_>], error: Error) {
        let done = |exchange: &Exchange<'_>| exchange.fate == Fate::Done;
        let first = group.iter().position(|exchange| !done(exchange)).unwrap_or_default();
        let index = group.get(first).map_or(self.handed, |exchange| exchange.index);
        let run = index..index + (group.len() - first);
        for Exchange { input, output, .. } in group.iter_mut().skip(first).filter(|one| done(one)) {
            if error.may_wipe() && input.overlap(output) == Overlap::None {
                output.fill(0); // a chain has done it behind one that it has not
            }
        }
        self.failures.push((run, error));
    }
}

impl<'s, 'a, S: Source<'a>> Work<'s, S> {
    /// Works until all is done, something fails or the hook is to be asked; whether it was all.
    fn alone(&self, hook: &mut Hook<'_>) -> bool {
        let (mut group, mut started) = (Vec::with_capacity(GROUP), None);
        while self.step(&mut group, hook) {
            // The clock starts behind the first group, which may be the only one.
            if started.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
                return false;
            }
        }
        true
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
        self.shared().is_over()
    }

    /// Takes a group and runs it; whether there is another one.
    fn step(&self, group: &mut Vec<Exchange<'a>>, hook: &mut Hook<'_>) -> bool {
        self.shared().fill(group);
        let done = self.provider.crypt_group(self.direction, group, hook);
        if let Err(error) = done {
            self.shared().fail(group, error);
        }
        !self.shared().is_over()
    }

    /// Of several failures the one that comes first in the order of the requests.
    fn result(self) -> Result<(), Failure> {
        let shared = self.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut failures = shared.failures;
        failures.sort_by_key(|(run, _)| run.start);
        let (unfinished, errors): (Vec<_>, Vec<_>) = failures.into_iter().unzip();
        match (unfinished.first(), errors.into_iter().next()) {
            (Some(first), Some(error)) => Err(Failure { index: first.start, unfinished, error }),
            _ => Ok(()),
        }
    }

    fn given_up(self, error: Error) -> Failure {
        let index = self.shared().handed;
        Failure { index, unfinished: Vec::new(), error }
    }

    fn shared(&self) -> MutexGuard<'_, Shared<'s, S>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread's stack is kept by the C library for the next one: what a cipher leaves there is wiped.
fn spawn<'scope>(scope: &'scope Scope<'scope, '_>, worker: &'scope (impl Fn() + Sync)) -> bool {
    let work = move || without_remnants(usize::MAX, worker);
    let builder = Builder::new().name("afalg".into()).stack_size(STACK);
    builder.spawn_scoped(scope, work).is_ok()
}
