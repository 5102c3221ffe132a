//! Provider 1: the kernel. Safe code only; every system call goes through a [`Transport`].

mod examine;
mod fault;
mod group;
#[cfg(any(test, feature = "instrument"))]
mod instrument;
mod keyed;
mod known_answer;
mod limits;
mod message;
mod plan;
mod pool;
mod proc;
mod proc_crypto;
mod refusal;
mod request_loop;
mod sibling;
mod transport;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use examine::{Examined, OpenTo, examine, takes_serials, try_bind, type_of};
use fault::Fault;
#[cfg(any(test, feature = "instrument"))]
pub use instrument::Instrument;
use keyed::Keyed;
pub use known_answer::trust;
pub use message::Message;
use plan::{Plan, Route, route};
pub use proc::{ONLY_SYNC_SINCE, listed, only_sync, parse_version};
pub use proc_crypto::{Entry, by_name, parse as parse_proc_crypto, serving};
use request_loop::{Follow, Job, run};
use sibling::{SiblingCipher, with_sibling};
pub use transport::{AfAlg, TheKernel, Transport};

use crate::algorithm::{AlgType, Algorithm};
use crate::constraints::{Constraints, Continuation, Sibling};
use crate::error::{Errno, Error, InputFault, Result};
use crate::key::Key;
use crate::process::Process;
use crate::request::{Direction, Hook, Iv, Request};
use crate::sys;
pub(crate) use crate::sys::errno;
pub use crate::sys::without_remnants;

/// One algorithm with one key, in the kernel.
#[derive(Debug)]
pub struct KernelCipher<T: Transport> {
    constraints: Arc<Constraints>,
    continuation: Continuation,
    own: Keyed<T>,
    sibling: Option<SiblingCipher<T>>,
    /// What one request carries. Less, once an op socket was found to have smaller buffers: the
    /// process has dropped privileges, or a sysctl was lowered.
    limit: AtomicUsize,
}

/// Whether this process can open an AF_ALG socket now.
pub fn is_available() -> bool {
    try_socket().is_ok()
}

/// Opens an AF_ALG socket and closes it.
///
/// # Errors
/// What the kernel answered.
pub fn try_socket() -> Result<(), Errno> {
    sys::can_open()
}

/// Whether this is the thread that the process began with, or forked from.
pub fn on_main_thread() -> bool {
    sys::on_main_thread()
}

/// Makes sure that a child notices its `fork`; once, when the package is loaded.
pub fn watch_forks() {
    sys::watch_forks();
}

impl<T: Transport> KernelCipher<T> {
    /// Binds the algorithm, learns its constraints, checks and sets the key.
    ///
    /// # Errors
    /// Why the kernel does not serve it, or what is wrong with the key.
    pub fn open(
        process: &Process,
        transport: &T,
        algorithm: &Algorithm,
        key: Key<'_>,
    ) -> Result<Self> {
        let (tfm, constraints) = bind(process, transport, algorithm)?;
        Self::keyed(process, transport, tfm, constraints, key)
    }

    /// Gives a tfm its key.
    fn keyed(
        process: &Process,
        transport: &T,
        tfm: T::Tfm,
        constraints: Arc<Constraints>,
        key: Key<'_>,
    ) -> Result<Self> {
        check_key(&constraints, key)?;
        let (own, sibling) = with_sibling(process, transport, tfm, &constraints, key)?;
        let continuation = match constraints.continuation {
            Continuation::Sibling(_) if sibling.is_none() => Continuation::OneRequest,
            other => other,
        };
        let first = own.take().map_err(|fault| fault.explain(&constraints))?;
        let limit = AtomicUsize::new(first.limit);
        own.give_back(first);
        Ok(Self { constraints, continuation, own, sibling, limit })
    }

    /// The algorithm's rules.
    pub fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// How messages go on, here: `OneRequest` where the sibling may not be bound.
    pub fn continuation(&self) -> Continuation {
        self.continuation
    }

    /// The largest message, where the mode cannot go on past one request.
    pub fn max_message(&self) -> Option<usize> {
        let limit = self.limit.load(Ordering::Relaxed);
        (self.continuation == Continuation::OneRequest).then_some(limit)
    }

    /// One whole message; its request has been checked.
    ///
    /// # Errors
    /// What the kernel answered, or that the message is too long.
    pub fn crypt(&self, request: Request<'_>, hook: &mut Hook<'_>) -> Result<()> {
        let len = request.input.len();
        if len == 0 {
            return Ok(());
        }
        let explain = |fault| self.explain(fault);
        let mut op = self.own.take().map_err(explain)?;
        let way = route(&self.constraints, self.continuation, op.limit, len, request.iv);
        let cut = match way {
            Route::Own(cut) => cut,
            Route::TooLong => {
                let limit = op.limit;
                self.own.give_back(op);
                return Err(self.explain(Fault::TooLong { len, limit }));
            }
            Route::Sibling | Route::HeadThroughSibling(_) => {
                self.own.give_back(op);
                let head = if let Route::HeadThroughSibling(head) = way { head } else { 0 };
                return self.in_two(request, head, hook);
            }
        };
        let plan = Plan { cut, limit: op.limit, len, ends: true };
        let job = Job { plan, follow: self.follow(), begun: false, goes_on: false, request };
        run(&self.own, &mut op, job, hook).map_err(explain)?;
        self.own.give_back(op);
        Ok(())
    }

    /// A message of which the first `head` bytes, or all, go through the sibling.
    fn in_two(&self, request: Request<'_>, head: usize, hook: &mut Hook<'_>) -> Result<()> {
        let mut message = self.begin(request.direction, request.iv);
        let (first, rest) = request.input.split_at(head);
        let (mut out, mut out_rest) = request.output.split_at(head);
        message.advance(self, first, out.borrow(), false, hook)?;
        let end = message.advance(self, rest, out_rest.borrow(), true, hook);
        if end.as_ref().is_err_and(Error::may_wipe) {
            out.fill(0);
        }
        end
    }

    /// Words for a fault. A limit that it tells is the one from now on.
    fn explain(&self, fault: Fault) -> Error {
        if let Fault::TooLong { limit, .. } = fault {
            self.limit.fetch_min(limit, Ordering::Relaxed);
        }
        fault.explain(&self.constraints)
    }

    /// Begins a message that comes in parts.
    pub fn begin(&self, direction: Direction, iv: &Iv) -> Message<T> {
        Message::new(self, direction, iv)
    }

    fn follow(&self) -> Follow {
        let chunk = self.own.chunk;
        match self.continuation {
            Continuation::Iv(next) => Follow::Chain(next, chunk),
            Continuation::Counter(counter) => Follow::Count(counter, chunk),
            _ => Follow::Unknown,
        }
    }

    fn sibling_keyed(&self) -> Option<&Keyed<T>> {
        self.sibling.as_ref().map(|sibling| &sibling.keyed)
    }

    /// The IV in the sibling's terms, where it differs: RFC 3686 has nonce, iv, counter from 1.
    fn sibling_iv(&self, iv: &Iv) -> Option<Iv> {
        let nonce = &self.sibling.as_ref()?.nonce;
        match self.continuation {
            Continuation::Sibling(Sibling::Rfc3686) => {
                Iv::joined(&[nonce.bytes(), iv.bytes(), &1_u32.to_be_bytes()])
            }
            _ => None,
        }
    }
}

/// A tfm without a key, and the rules of its algorithm.
fn bind<T: Transport>(
    process: &Process,
    transport: &T,
    algorithm: &Algorithm,
) -> Result<(T::Tfm, Arc<Constraints>)> {
    let kind = AlgType::Skcipher;
    let tfm = Keyed::bind(transport, algorithm)
        .map_err(|refusal| refusal::explain_open(transport, refusal, kind, algorithm))?;
    Ok((tfm, learn::<T>(process, algorithm)?))
}

/// Checks what can be known of a key before the kernel has it: of one in a keyring not its size.
fn check_key(constraints: &Constraints, key: Key<'_>) -> Result<()> {
    match key {
        Key::Bytes(key) => constraints.check_key(key.len()),
        Key::InKeyring(serial) if constraints.sizes.max_key == 0 => {
            let name = &constraints.algorithm;
            let text = format!("{name} has no key, so it cannot take key {serial}; pass b\"\"");
            Err(Error::input(InputFault::Key, text))
        }
        Key::InKeyring(_) => Ok(()),
    }
}

/// The constraints of an algorithm that has just been bound, found out once per name and process:
/// templates are in /proc/crypto only once somebody has bound them. What had to do for a file that
/// could not be read is not kept: next time there may be a descriptor, or memory, to read it.
fn learn<T: Transport>(process: &Process, algorithm: &Algorithm) -> Result<Arc<Constraints>> {
    if let Some(known) = process.constraints.of(algorithm.as_str()) {
        return Ok(known);
    }
    let only_sync = proc::told_only_sync();
    let entries = if T::COMPUTES { listed() } else { Vec::new() };
    let found = examine::constraints(algorithm, &entries, only_sync.unwrap_or(false))?;
    let constraints = Arc::new(found);
    if only_sync.is_some() && constraints.driver.is_some() {
        process.constraints.remember(algorithm.as_str(), &constraints);
    }
    Ok(constraints)
}
