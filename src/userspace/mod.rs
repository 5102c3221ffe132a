//! Provider 2: the same algorithms without the kernel, under its names and with its layouts.
//!
//! The ciphers are the RustCrypto crates', which find out at run time what the processor can do.
//! The modes are ours, since the kernel has more of them than there are crates that work on many
//! blocks at once. A mode (`modes/`) works with a block cipher (`block.rs`) on pieces of a message in a
//! small private buffer (`scratch.rs`, `walk.rs`). The common ones take most of a message straight from
//! input to output (`straight.rs`, `around.rs`).
//!
//! Keys and key schedules are wiped on drop. Copies that the compiler and the crates make on the stack
//! and in registers are wiped above, where a call of Python's ends (`src/sys/remnants.rs`).

mod around;
mod block;
mod message;
mod modes;
mod pace;
mod scratch;
mod straight;
mod walk;

use std::fmt;

use block::CIPHERS;
pub use message::Message;
use modes::{Keyed, Named};

use crate::algorithm::Algorithm;
use crate::constraints::{Constraints, Continuation, LengthRule, Sibling, mistaken, suggestion};
use crate::error::{Error, InputFault, Result};
use crate::request::{Direction, Hook, Iv, Request};
use crate::secret::Secret;
use crate::span::In;

/// One algorithm with one key, in this process.
pub struct UserspaceCipher {
    constraints: Constraints,
    keyed: Keyed,
}

/// The names of all ciphers.
pub fn names() -> impl Iterator<Item = String> {
    Named::all().map(Named::name)
}

/// Whether neither time nor memory accesses depend on key or data; `None` where there is no cipher
/// of this name. Ciphers that look bytes up in tables are not constant-time.
pub fn constant_time(name: &str) -> Option<bool> {
    Named::find(name).map(Named::constant_time)
}

impl UserspaceCipher {
    /// Finds a cipher and gives it its key. Weak keys (DES, equal halves of XTS) are taken, as the
    /// kernel does outside FIPS mode.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Input`] where the key is of the wrong size.
    pub fn open(algorithm: &Algorithm, key: In<'_>) -> Result<Self> {
        let named = Named::find(algorithm.as_str()).ok_or_else(|| not_found(algorithm))?;
        let mut constraints =
            Constraints::built_in(algorithm).unwrap_or_else(|| Err(not_found(algorithm)))?;
        constraints.driver = Some(named.driver());
        constraints.check_key(key.len())?;
        let keyed = named
            .with_key(Secret::copy_of(key)?.bytes())
            .ok_or_else(|| refused_key(algorithm, key.len()))?;
        Ok(Self { constraints, keyed })
    }

    /// The algorithm's rules.
    pub fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// How messages go on. Nothing is bounded here, so that more modes may be cut than in the
    /// kernel; xts keeps its tail back as cts does, since the last two blocks may change places.
    pub fn continuation(&self) -> Continuation {
        match (self.constraints.continuation, &self.keyed, self.constraints.length) {
            (Continuation::OneRequest, Keyed::Parts(_), LengthRule::AtLeastBlock) => {
                Continuation::Sibling(Sibling::Cts)
            }
            (Continuation::OneRequest, Keyed::Parts(_), _) => Continuation::KernelIv,
            (other, ..) => other,
        }
    }

    /// The largest message: there is none.
    pub const fn max_message(&self) -> Option<usize> {
        None
    }

    /// One whole message; its request has been checked.
    ///
    /// # Errors
    /// [`Error::Interrupted`]; what was written of the result is wiped.
    pub fn crypt(&self, request: Request<'_>, hook: &mut Hook<'_>) -> Result<()> {
        let Request { direction, iv, input, output } = request;
        self.begin(direction, iv).advance(self, input, output, true, hook)
    }

    /// Begins a message that comes in parts.
    pub fn begin(&self, direction: Direction, iv: &Iv) -> Message {
        Message::new(self, direction, iv)
    }
}

impl fmt::Debug for UserspaceCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserspaceCipher({})", self.constraints.algorithm)
    }
}

fn not_found(algorithm: &Algorithm) -> Error {
    let name = algorithm.as_str();
    let meant = || {
        let known = Constraints::built_in(algorithm).is_some();
        let names: Vec<_> = names().collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let meant = suggestion(name, &names).filter(|_| !known)?;
        Some(format!("userspace has no skcipher {name}; did you mean {meant}?"))
    };
    let text = mistaken(name).or_else(meant).unwrap_or_else(|| {
        let ciphers = CIPHERS.each_ref().map(|cipher| cipher.name).join(", ");
        format!(
            "userspace has no skcipher {name}; it has chacha20, xchacha20, xchacha12 and the \
             kernel's modes over {ciphers}"
        )
    });
    Error::NotFound { algorithm: name.to_owned(), text }
}

/// Sizes have been checked, but for xts over a cipher that takes keys of any size.
fn refused_key(algorithm: &Algorithm, len: usize) -> Error {
    let text = format!("key has {len} bytes, {algorithm} needs two keys of one size");
    Error::input(InputFault::Key, text)
}

#[cfg(test)]
mod tests;
