//! What this machine offers: read (`algorithms`, which loads nothing into the kernel), or asked
//! for by name (`info`, which binds it).

use std::collections::BTreeMap;

use crate::algorithm::{AlgType, Algorithm};
use crate::constraints::{BUILT_IN_NAMES, Constraints, Continuation};
use crate::error::{Error, Result};
pub use crate::kernel::OpenTo;
use crate::kernel::{AfAlg, Entry, by_name, examine, listed, only_sync, type_of};
use crate::process::Process;
use crate::userspace;

/// What is known of one algorithm.
#[derive(Debug)]
pub struct AlgorithmInfo {
    /// The name to ask for.
    pub algorithm: Algorithm,
    /// The AF_ALG type.
    pub kind: AlgType,
    /// Whether the kernel serves it; where it has not been asked, whether it lists it.
    pub in_kernel: bool,
    /// Why the kernel does not serve it, as a stable code; `None` where it does or was not asked.
    pub reason: Option<&'static str>,
    /// Who may bind it now; `None` where the kernel refused or was not asked.
    pub open_to: Option<OpenTo>,
    /// What /proc/crypto says of the driver that serves.
    pub entry: Option<Entry>,
    /// The rules of a skcipher, where its sizes are known.
    pub constraints: Option<Constraints>,
    /// How a skcipher's message goes on past one kernel request.
    pub continuation: Option<Continuation>,
    /// The longest message, where one request carries it whole; `None` otherwise, and where the
    /// kernel was not asked.
    pub max_message: Option<usize>,
    /// Who has it beside the kernel.
    pub beside: Option<Beside>,
}

/// A provider beside the kernel, for one algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Its name.
    pub provider: &'static str,
    /// Whether it takes the same time for all keys and data. Nobody says so of a kernel's driver.
    pub constant_time: bool,
}

/// Who beside the kernel has an algorithm.
pub fn beside(kind: AlgType, name: &str) -> Option<Beside> {
    let constant_time = userspace::constant_time(name).filter(|_| kind == AlgType::Skcipher)?;
    Some(Beside { provider: "userspace", constant_time })
}

/// Every algorithm that is known without asking the kernel to load anything: what /proc/crypto
/// lists now, what other providers have, and the usual names, which the kernel may have.
pub fn algorithms() -> Vec<AlgorithmInfo> {
    all(&listed(), only_sync())
}

/// The same over a /proc/crypto that was read before.
pub fn all(entries: &[Entry], only_sync: bool) -> Vec<AlgorithmInfo> {
    let mut all = BTreeMap::new();
    let mut add = |kind, name: &str, entry| {
        // Names that this package refuses to ask for, such as RC4's, are not offered either.
        if let Ok(algorithm) = Algorithm::new(name) {
            all.insert((kind, name.to_owned()), AlgorithmInfo::read(&algorithm, kind, entry));
        }
    };
    for name in BUILT_IN_NAMES.map(str::to_owned).into_iter().chain(userspace::names()) {
        add(AlgType::Skcipher, &name, None);
    }
    for ((kind, name), entry) in by_name(entries, only_sync) {
        if entry.fips != Some(false) {
            add(kind, name, Some(entry.clone()));
        }
    }
    all.into_values().collect()
}

/// What is known of one algorithm once it has been bound.
///
/// # Errors
/// Why nobody serves it.
pub fn info(process: &Process, algorithm: &Algorithm) -> Result<AlgorithmInfo> {
    let ask = |kind| {
        let found = examine(process, &AfAlg, kind, algorithm)?;
        Ok(AlgorithmInfo {
            in_kernel: true,
            open_to: Some(found.open_to),
            constraints: found.constraints,
            continuation: found.continuation,
            max_message: found.max_message,
            ..AlgorithmInfo::read(algorithm, kind, found.entry)
        })
    };
    let known = type_of(algorithm.as_str(), &listed());
    let kind = known.unwrap_or(AlgType::Skcipher);
    let error: Error = match ask(kind) {
        Ok(info) => return Ok(info),
        Err(error) => error,
    };
    let others = [AlgType::Aead, AlgType::Hash, AlgType::Rng];
    if known.is_none()
        && let Some(info) = others.into_iter().find_map(|kind| ask(kind).ok())
    {
        return Ok(info);
    }
    let info = AlgorithmInfo::read(algorithm, kind, None);
    match error.reason() {
        reason @ Some(_) if info.beside.is_some() => Ok(AlgorithmInfo { reason, ..info }),
        _ => Err(error),
    }
}

impl AlgorithmInfo {
    /// What is written about an algorithm: in its entry, else in the tables.
    fn read(algorithm: &Algorithm, kind: AlgType, entry: Option<Entry>) -> Self {
        let constraints = match &entry {
            _ if kind != AlgType::Skcipher => None,
            Some(entry) => entry.sizes().map(|sizes| {
                Constraints::derive(algorithm, &entry.name, Some(entry.driver.clone()), sizes)
            }),
            None => Constraints::built_in(algorithm),
        };
        let constraints = constraints.and_then(Result::ok);
        Self {
            kind,
            in_kernel: entry.is_some(),
            reason: None,
            open_to: None,
            continuation: constraints.as_ref().map(|rules| rules.continuation),
            constraints,
            max_message: None,
            beside: beside(kind, algorithm.as_str()),
            entry,
            algorithm: algorithm.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
