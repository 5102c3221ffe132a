//! The choice of a provider: what was asked for, what serves, and why it is another one.

use std::time::{Duration, Instant};

use super::Provider;
use crate::algorithm::Algorithm;
use crate::constraints::{Constraints, Continuation, bytes};
use crate::error::{Error, InputFault, Refusal, Result, Stage};
use crate::kernel::{KernelCipher, TheKernel, errno, trust};
use crate::key::Key;
use crate::keyring::{self, KeyringKey};
use crate::process::{Process, Verdict};
use crate::request::Hook;
use crate::span::In;
use crate::userspace::UserspaceCipher;

/// How long a refusal of the kernel's holds for later Ciphers of the name.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// What the caller asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The kernel where it serves, else userspace, though that is faster: a program that does not
    /// mind which is one that says so.
    #[default]
    Auto,
    /// The kernel or an error.
    Kernel,
    /// Userspace; AF_ALG is not asked.
    Userspace,
}

impl Choice {
    /// Reads a provider's name; `whence` says where it was written, for the error.
    ///
    /// # Errors
    /// [`Error::Input`] for any other word.
    pub fn parse(word: &str, whence: &str) -> Result<Self> {
        match word {
            "auto" => Ok(Self::Auto),
            "kernel" => Ok(Self::Kernel),
            "userspace" => Ok(Self::Userspace),
            other => Err(Error::input(
                InputFault::Argument,
                format!("{whence} is {other:?}, it must be \"auto\", \"kernel\" or \"userspace\""),
            )),
        }
    }
}

/// What the caller gave for a key.
#[derive(Clone, Copy, Debug)]
pub enum GivenKey<'k> {
    /// Its bytes.
    Bytes(In<'k>),
    /// One of a keyring, which may have to be possessed first.
    InKeyring(&'k KeyringKey),
}

/// Why userspace computes what the kernel was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// The stable code, `Cipher.reason`.
    pub reason: &'static str,
    /// Fact, rule, way out.
    pub text: String,
}

impl Fallback {
    fn new(reason: &'static str, what: &str, why: &str) -> Self {
        let text = format!(
            "userspace computes {what} in the kernel's place ({reason}): {why}. To choose it \
             without this warning: provider=\"userspace\", or AFALG_PROVIDER=userspace"
        );
        Self { reason, text }
    }

    /// The message is longer than one kernel request.
    pub(super) fn too_long(constraints: &Constraints, len: usize, limit: usize) -> Self {
        let name = &constraints.algorithm;
        let what = format!("{} of {name}", bytes(len));
        let why = format!(
            "one kernel request of {name} carries at most {limit} in this process, and the mode \
             cannot go on in a second one"
        );
        Self::new("too-long", &what, &why)
    }
}

/// Chooses a provider and gives it the key. One that is in a keyring is the kernel's or an error.
///
/// # Errors
/// Why nobody serves the algorithm, or what is wrong with the key.
pub fn select(
    process: &Process,
    choice: Choice,
    algorithm: &Algorithm,
    key: GivenKey<'_>,
    hook: &mut Hook<'_>,
) -> Result<Provider> {
    match (choice, key) {
        (Choice::Userspace, GivenKey::InKeyring(key)) => {
            Err(keyring::unknown_to_userspace(key.serial()))
        }
        (Choice::Userspace, GivenKey::Bytes(key)) => {
            let cipher = UserspaceCipher::open(algorithm, key)?;
            Ok(Provider::Userspace { cipher, instead: None })
        }
        (Choice::Auto, GivenKey::Bytes(key)) => either(process, algorithm, key),
        (Choice::Kernel, GivenKey::Bytes(key)) => kernel(process, algorithm, Key::Bytes(key)),
        (_, GivenKey::InKeyring(key)) => {
            let serial = Key::InKeyring(key.serial());
            // The hook runs with nothing borrowed.
            while_interrupted(hook, || key.possessed(|| kernel(process, algorithm, serial)))
        }
    }
}

/// Does a work again that a signal has interrupted, unless the hook wants it to end: to take a key
/// that somebody is still making is to wait for that.
fn while_interrupted<T>(hook: &mut Hook<'_>, mut work: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match work() {
            Err(Error::Kernel {
                refusal: Refusal { stage: Stage::SetKey, errno: errno::EINTR },
                ..
            }) => {
                if hook() {
                    return Err(Error::Interrupted);
                }
            }
            done => return done,
        }
    }
}

/// The kernel, or userspace in its place.
fn either(process: &Process, algorithm: &Algorithm, key: In<'_>) -> Result<Provider> {
    match refused_before(process, algorithm) {
        Some(error) => in_place_of(process, error, algorithm, key),
        None => match kernel(process, algorithm, Key::Bytes(key)) {
            Ok(provider) => with_twin(provider, key),
            Err(error) => in_place_of(process, error, algorithm, key),
        },
    }
}

/// Why the kernel refused this algorithm a short time ago. To ask it each time would be dear: for a
/// name that it lacks it starts modprobe, several times.
fn refused_before(process: &Process, algorithm: &Algorithm) -> Option<Error> {
    let (when, error) = process.refusals.of(algorithm.as_str())?;
    (when.elapsed() < ASKED_AGAIN_AFTER).then_some(error)
}

fn kernel(process: &Process, algorithm: &Algorithm, key: Key<'_>) -> Result<Provider> {
    let tried = trust(process, &TheKernel, algorithm)? == Verdict::Right;
    let cipher = KernelCipher::open(process, &TheKernel, algorithm, key)?;
    Ok(Provider::Kernel { cipher, twin: None, tried })
}

/// For modes that a kernel request has to carry whole, so that a program does not depend on how
/// much that is here. For those alone is the key kept in this process, as its schedule.
fn with_twin(provider: Provider, key: In<'_>) -> Result<Provider> {
    let Provider::Kernel { cipher, tried, .. } = provider else { return Ok(provider) };
    let twin = match cipher.continuation() {
        Continuation::OneRequest => twin_of(cipher.constraints(), key)?,
        _ => None,
    };
    Ok(Provider::Kernel { cipher, twin, tried })
}

/// Userspace's cipher of the same rules. A driver whose sizes are its own has no twin: a message
/// that it is asked to go on with would be cut where userspace cannot.
fn twin_of(rules: &Constraints, key: In<'_>) -> Result<Option<UserspaceCipher>> {
    let twin = match UserspaceCipher::open(&rules.generic, key) {
        Err(Error::NotFound { .. }) => return Ok(None),
        opened => opened?,
    };
    Ok(twin.constraints().is_like(rules).then_some(twin))
}

/// Userspace, where the kernel does not serve.
fn in_place_of(
    process: &Process,
    error: Error,
    algorithm: &Algorithm,
    key: In<'_>,
) -> Result<Provider> {
    let Some(reason) = error.reason() else { return Err(error) };
    let opened = UserspaceCipher::open(algorithm, key);
    if let Err(none @ Error::NotFound { .. }) = opened {
        return Err(error.and(&none));
    }
    if refused_before(process, algorithm).is_none() {
        process.refusals.remember(algorithm.as_str(), &(Instant::now(), error.clone()));
    }
    let cipher = opened?;
    let instead = Fallback::new(reason, algorithm.as_str(), &error.to_string());
    Ok(Provider::Userspace { cipher, instead: Some(instead) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constraints::Sizes;

    fn rules(name: &str, chunk: usize) -> Constraints {
        let algorithm = Algorithm::new(name).unwrap();
        let sizes = Constraints::built_in(&algorithm).unwrap().unwrap().sizes;
        Constraints::derive(&algorithm, name, None, Sizes { chunk, ..sizes }).unwrap()
    }

    #[test]
    fn a_twin_has_the_same_rules_or_there_is_none() {
        let key = In::from_slice(&[7; 32]);
        for (name, chunk) in [
            ("xts(aes)", 16),
            ("xctr(aes)", 16),
            ("hctr2(aes)", 16),
            ("adiantum(xchacha12,aes)", 16),
        ] {
            assert!(twin_of(&rules(name, chunk), key).unwrap().is_some(), "{name}");
        }
        for (name, chunk) in [("ctr(aes)", 1), ("chacha20", 1), ("xts(aes)", 32), ("cbc(seed)", 16)]
        {
            assert!(twin_of(&rules(name, chunk), key).unwrap().is_none(), "{name}");
        }
        assert!(twin_of(&rules("xts(aes)", 16), In::from_slice(&[7; 5])).is_err());
    }

    #[test]
    fn what_a_signal_interrupted_is_done_again_unless_the_hook_wants_an_end() {
        let refusal = Refusal { stage: Stage::SetKey, errno: errno::EINTR };
        let interrupted = || Error::Kernel { refusal, text: String::new() };
        for (patience, due) in [(3, Ok(())), (1, Err(Error::Interrupted))] {
            let (mut asked, mut tried) = (0, 0);
            let mut hook = || {
                asked += 1;
                asked > patience
            };
            let done = while_interrupted(&mut hook, || {
                tried += 1;
                if tried > 3 { Ok(()) } else { Err(interrupted()) }
            });
            assert_eq!(done, due);
        }
    }
}
