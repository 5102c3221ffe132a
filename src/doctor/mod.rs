//! Says whether the kernel serves this process, what keeps it from it, and what to do.
//!
//! Pure over a [`Probe`]: what is found depends on its answers alone. Every way out is for whoever
//! runs the machine; nothing is changed here, though a bind loads the modules that it needs.

mod access;
mod algorithms;
mod facts;
mod keyrings;
mod modules;
mod probe;
mod surroundings;

pub use probe::{Machine, Probe};

use access::Type;
use facts::Facts;

use crate::algorithm::AlgType;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing in the way.
    Ok,
    /// Something is refused or missing, but the kernel serves.
    Warning,
    /// The kernel does not serve this process.
    Fault,
    /// It could not be found out.
    Unknown,
}

impl Status {
    /// `Check.status`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What: a stable word, or an algorithm's name.
    pub name: &'static str,
    /// How it came out.
    pub status: Status,
    /// What was found.
    pub found: String,
    /// The way out, where there is something to do.
    pub advice: Option<String>,
}

impl Check {
    fn new(name: &'static str, status: Status, found: impl Into<String>) -> Self {
        Self { name, status, found: found.into(), advice: None }
    }

    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Status::Ok, found)
    }

    fn warning(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Status::Warning, found)
    }

    fn fault(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Status::Fault, found)
    }

    fn unknown(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Status::Unknown, found)
    }

    fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

/// Looks at everything, the causes before what they cause.
pub fn examine(probe: &dyn Probe) -> Vec<Check> {
    let socket = probe.socket();
    let types = AlgType::ALL.map(|kind| Type::ask(probe, socket, kind));
    let [skcipher, ..] = &types;
    let facts = Facts::gather(probe);
    let mut checks = vec![surroundings::kernel(&facts), access::socket(socket, &facts)];
    checks.extend(types.iter().map(|one| one.check(probe, &facts)));
    checks.extend([
        access::restriction(socket, &facts),
        access::privileges(&facts),
        surroundings::fips(&facts),
        surroundings::seccomp(socket, &facts),
        surroundings::security_module(socket, &facts),
        surroundings::container(&facts),
        surroundings::modules(&facts),
        surroundings::buffers(probe),
        surroundings::io_uring(probe),
        keyrings::keyrings(probe),
        surroundings::proc_crypto(&facts),
    ]);
    checks.extend(algorithms::checks(probe, socket, skcipher, &facts));
    checks
}

#[cfg(test)]
mod tests;
