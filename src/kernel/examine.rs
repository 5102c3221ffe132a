//! What can be learnt of an algorithm without a key: asked of the kernel, or read.

use super::keyed::{Keyed, again};
use super::proc::{listed, only_sync, restriction};
use super::proc_crypto::{self, Entry};
use super::refusal;
use super::transport::Transport;
use crate::algorithm::{AlgType, Algorithm};
use crate::constraints::{Constraints, Continuation, Sibling, type_by_name};
use crate::error::{Error, InputFault, Refusal, Result};
use crate::process::{Limits, Process};
use crate::sys;

/// The type that a name is of: as it is listed, else as is well known.
pub fn type_of(name: &str, entries: &[Entry]) -> Option<AlgType> {
    let listed = entries.iter().filter(|entry| entry.name == name || entry.driver == name);
    listed.filter_map(Entry::alg_type).min().or_else(|| type_by_name(name))
}

/// Who may bind an algorithm now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenTo {
    /// Every process that may open AF_ALG at all.
    Everyone,
    /// Those alone that `crypto.af_alg_restrict` counts as privileged.
    Privileged,
}

impl OpenTo {
    /// `AlgorithmInfo.open_to`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Privileged => "privileged",
        }
    }
}

/// What a bind of an algorithm tells.
#[derive(Debug)]
pub struct Examined {
    /// What /proc/crypto says of the driver that serves, where it can be read.
    pub entry: Option<Entry>,
    /// The rules of a skcipher, where its sizes are known.
    pub constraints: Option<Constraints>,
    /// How messages go on here; for a skcipher.
    pub continuation: Option<Continuation>,
    /// The largest message in bytes, where one kernel request carries it whole.
    pub max_message: Option<usize>,
    /// Who may bind it.
    pub open_to: OpenTo,
}

/// Binds an algorithm to find out what the kernel has and this process may.
///
/// # Errors
/// Why the kernel does not serve it.
pub fn examine<T: Transport>(
    process: &Process,
    transport: &T,
    kind: AlgType,
    algorithm: &Algorithm,
) -> Result<Examined> {
    let tfm = again(|| transport.open(kind, algorithm))
        .map_err(|refusal| refusal::explain_open(transport, refusal, kind, algorithm))?;
    let entries = listed();
    let entry = proc_crypto::serving(&entries, kind, algorithm.as_str(), only_sync()).cloned();
    let open_to = open_to(transport, kind, algorithm);
    let mut found =
        Examined { entry, constraints: None, continuation: None, max_message: None, open_to };
    if kind == AlgType::Skcipher {
        let constraints = constraints(algorithm, &entries, only_sync())?;
        let continuation = continuation(transport, &constraints);
        if continuation == Continuation::OneRequest {
            let sizes = (constraints.sizes.chunk, constraints.sizes.iv);
            let limits = process.limits(Limits::read);
            let without_key = Keyed::new(transport, tfm, None, sizes, limits)
                .map_err(|refusal| refusal::explain(refusal, kind, algorithm, &entries))?;
            found.max_message = without_key.take().ok().map(|op| op.limit);
        }
        found.continuation = Some(continuation);
        found.constraints = Some(constraints);
    }
    Ok(found)
}

/// How messages go on: as the mode says, but for a sibling that this process may not bind.
fn continuation<T: Transport>(transport: &T, constraints: &Constraints) -> Continuation {
    let sibling = || Sibling::name(&constraints.generic);
    match constraints.continuation {
        Continuation::Sibling(_)
            if sibling().is_none_or(|name| Keyed::bind(transport, &name).is_err()) =>
        {
            Continuation::OneRequest
        }
        other => other,
    }
}

/// Binds an algorithm and lets go of it; who else may.
///
/// # Errors
/// The call that was refused, and its errno.
pub fn try_bind<T: Transport>(
    transport: &T,
    kind: AlgType,
    algorithm: &Algorithm,
) -> Result<OpenTo, Refusal> {
    again(|| transport.open(kind, algorithm))?;
    Ok(open_to(transport, kind, algorithm))
}

/// Whether ciphers take keys by their serials; `None` where none can be bound to ask.
pub fn takes_serials<T: Transport>(transport: &T) -> Option<bool> {
    let kind = AlgType::Skcipher;
    let mut names = kind.usual().iter().filter_map(|name| Algorithm::new(name).ok());
    let tfm = names.find_map(|name| again(|| transport.open(kind, &name)).ok())?;
    transport.takes_serials(&tfm).ok()
}

/// Who may bind what this process has just bound: asked again without capabilities, where they
/// count.
fn open_to<T: Transport>(transport: &T, kind: AlgType, algorithm: &Algorithm) -> OpenTo {
    let ask = || transport.open(kind, algorithm).map(drop);
    match restriction() {
        Some(1..) if matches!(sys::without_capabilities(ask), Some(Err(_))) => OpenTo::Privileged,
        _ => OpenTo::Everyone,
    }
}

/// The constraints of a skcipher that has been bound; without a driver where they are those of the
/// built-in table.
///
/// # Errors
/// Its sizes are nowhere to be found.
pub(super) fn constraints(
    algorithm: &Algorithm,
    entries: &[Entry],
    only_sync: bool,
) -> Result<Constraints> {
    let name = algorithm.as_str();
    let serving = proc_crypto::serving(entries, AlgType::Skcipher, name, only_sync);
    match serving.and_then(|entry| Some((entry, entry.sizes()?))) {
        Some((entry, sizes)) => {
            Constraints::derive(algorithm, &entry.name, Some(entry.driver.clone()), sizes)
        }
        None => Constraints::built_in(algorithm).unwrap_or_else(|| Err(unknown_sizes(algorithm))),
    }
}

fn unknown_sizes(algorithm: &Algorithm) -> Error {
    let text = format!(
        "the kernel serves {algorithm}, but its sizes are not in /proc/crypto and not known here; \
         make /proc/crypto readable"
    );
    Error::input(InputFault::Argument, text)
}
