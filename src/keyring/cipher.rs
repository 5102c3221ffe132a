//! What a refusal means where a cipher was to take a key from a keyring.

use std::fs;

use super::refusal::{ended, fault, no_such, permitted, told};
use super::{Facts, listing, rules};
use crate::constraints::{Constraints, bytes};
use crate::error::{Errno, Error, InputFault, KeyFault, Refusal, Stage};
use crate::key::{Key, Serial};
use crate::sys::errno;

/// Userspace was asked for, and the key is the kernel's.
pub fn unknown_to_userspace(key: Serial) -> Error {
    let text = format!(
        "{} is in a keyring of the kernel's, from which nothing is read here: userspace cannot \
         compute with it; ask for provider=\"kernel\" (or \"auto\"), or pass the key as bytes",
        told(key)
    );
    Error::input(InputFault::Argument, text)
}

/// Explains what the kernel answered to a cipher that was to take a key from a keyring.
/// `by_serial`: whether AF_ALG can do that here, where it could be asked.
pub fn explain_use(
    errno: Errno,
    key: Serial,
    rules: &Constraints,
    by_serial: Option<bool>,
) -> Error {
    let named = told(key);
    match errno {
        errno::ENOPROTOOPT if by_serial == Some(false) => too_old(errno, &named),
        errno::ENOPROTOOPT if by_serial == Some(true) => {
            Error::input(InputFault::Key, wrong_type(key, &named))
        }
        errno::EINVAL => Error::input(InputFault::Key, wrong_size(key, &named, rules)),
        // The kernel has no room to copy what it would refuse.
        errno::ENOMEM if is_too_large(key, rules) => {
            Error::input(InputFault::Key, wrong_size(key, &named, rules))
        }
        errno::EKEYEXPIRED | errno::EKEYREVOKED => ended(errno, &named),
        errno::ENOKEY => fault(KeyFault::NotFound, errno, no_such(key)),
        errno::EACCES => fault(KeyFault::NotPermitted, errno, not_searchable(key, &named)),
        _ => {
            let told = errno::describe(errno);
            let text = format!("setsockopt answered {told} for {named} and {}", rules.algorithm);
            Error::Kernel { refusal: Refusal { stage: Stage::SetKey, errno }, text }
        }
    }
}

/// The key had other bytes each time that a cipher took it twice.
pub fn keeps_changing(key: Key<'_>, rules: &Constraints) -> Error {
    let named = match key {
        Key::InKeyring(serial) => told(serial),
        Key::Bytes(_) => "the key".into(),
    };
    let text = format!(
        "{named} is given new bytes all the time, and {} takes a key twice; make the Cipher again \
         when it stays the same for a moment",
        rules.algorithm
    );
    fault(KeyFault::Changing, errno::EAGAIN, text)
}

fn too_old(errno: Errno, named: &str) -> Error {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = release.trim();
    let text = format!(
        "this kernel (Linux {release}) cannot take {named} from its keyring: AF_ALG has that \
         (ALG_SET_KEY_BY_KEY_SERIAL) since Linux 6.2; use a newer kernel, or pass the key as bytes"
    );
    fault(KeyFault::TooOld, errno, text)
}

fn wrong_type(key: Serial, named: &str) -> String {
    let known = Facts::of(key).is_ok_and(|facts| rules::TYPES.contains(&&*facts.named.kind));
    let rule = if known {
        "AF_ALG was built without that type, whose keys are a module; use a logon key"
    } else {
        "AF_ALG takes user, logon, encrypted and trusted keys (crypto/af_alg.c); add one of those"
    };
    format!("{named} is of a type that the kernel's ciphers do not take here: {rule}")
}

fn wrong_size(key: Serial, named: &str, rules: &Constraints) -> String {
    let (name, sizes) = (&rules.algorithm, &rules.keys);
    match listing::line_of(key).and_then(|listed| listed.size) {
        Some(len) if !sizes.allow(len) => {
            format!("{named} has {}, {name} needs {sizes}", bytes(len))
        }
        Some(len) => format!(
            "the kernel refuses {named}, of {}, for {name}; in FIPS mode it refuses weak keys and \
             xts keys with equal halves",
            bytes(len)
        ),
        None => format!(
            "the kernel refuses {named} for {name}, which needs {sizes} bytes: its size is another \
             one, or (in FIPS mode) it is weak"
        ),
    }
}

fn is_too_large(key: Serial, rules: &Constraints) -> bool {
    let largest = rules.keys.bounds().1;
    listing::line_of(key).and_then(|listed| listed.size).is_some_and(|size| size > largest)
}

fn not_searchable(key: Serial, named: &str) -> String {
    const POSSESSOR_SEARCH: u32 = 0x0800_0000;
    let facts = match Facts::of(key) {
        Ok(facts) if facts.permissions & POSSESSOR_SEARCH == 0 => {
            return format!(
                "this process may not search {named} ({}): not even who possesses it may; have its \
                 owner give the permission search",
                permitted(&facts)
            );
        }
        Ok(facts) => permitted(&facts),
        Err(_) => "it is another user's, or says nothing of itself".into(),
    };
    format!(
        "this process may not search {named} ({facts}): none of its keyrings leads to it, so that \
         it does not possess it, and others are not permitted to; find it by its name in the keyring \
         that has it (keyring=\"user\"), have it linked into one that this process has, or have its owner give user, group or others the permission search"
    )
}
