//! What a refused set-up call means: by stage, by errno, and by what /proc says about the name.

use std::path::Path;

use super::fault::way_out;
use super::proc::{fips, listed, restriction};
use super::proc_crypto::Entry;
use super::transport::Transport;
use crate::algorithm::{AlgType, Algorithm};
use crate::constraints::{
    Constraints, bytes, is_block_cipher, of_another_type, suggestion, type_by_name, without_mode,
};
use crate::error::{Errno, Error, InputFault, Refusal, Stage, Unavailable};
use crate::key::Key;
use crate::keyring;
use crate::sys::errno;

/// What `socket` answers by itself, besides that it has no AF_ALG.
const SHORTAGES: [Errno; 4] = [errno::EMFILE, errno::ENFILE, errno::ENOMEM, errno::ENOBUFS];

/// Explains why an algorithm could not be opened; whether its type is served at all is asked.
pub(super) fn explain_open<T: Transport>(
    transport: &T,
    refusal: Refusal,
    kind: AlgType,
    algorithm: &Algorithm,
) -> Error {
    match explain(refusal, kind, algorithm, &listed()) {
        Error::NotFound { .. } | Error::Restricted { .. } if !serves(transport, kind) => {
            type_missing(refusal, kind)
        }
        other => other,
    }
}

/// Whether the kernel serves anything of a type, as far as can be told. A refused bind has loaded
/// the type's module, too, if it is one; what is built in has to be asked for by names, of which
/// the restriction may leave none.
fn serves<T: Transport>(transport: &T, kind: AlgType) -> bool {
    let module = format!("/sys/module/algif_{}", kind.name());
    let kept_back = matches!(kind, AlgType::Aead | AlgType::Rng) && restriction().unwrap_or(0) > 0;
    kept_back
        || Path::new(&module).exists()
        || kind.usual().iter().any(|name| {
            Algorithm::new(name).is_ok_and(|usual| transport.open(kind, &usual).is_ok())
        })
}

fn type_missing(refusal: Refusal, kind: AlgType) -> Error {
    let name = kind.name();
    Error::Unavailable {
        errno: refusal.errno,
        reason: Unavailable::TypeMissing,
        text: format!(
            "this kernel serves no {name} (bind answered {} to every name): its module \
             algif_{name} is missing or blacklisted, or it was built without \
             CONFIG_CRYPTO_USER_API_{}; load algif_{name}, `python -m afalg doctor` says what \
             keeps it",
            errno::describe(refusal.errno),
            name.to_ascii_uppercase(),
        ),
    }
}

/// Explains why an algorithm could not be opened.
pub(super) fn explain(
    refusal: Refusal,
    kind: AlgType,
    algorithm: &Algorithm,
    entries: &[Entry],
) -> Error {
    match (refusal.stage, refusal.errno) {
        (Stage::Socket, errno::EAFNOSUPPORT | errno::ENOSYS) => no_af_alg(refusal),
        // Security modules ask at each step, filters at the calls that they name.
        (_, errno::EPERM | errno::EACCES | errno::ENOSYS) => denied(refusal),
        (Stage::Socket, errno) if !SHORTAGES.contains(&errno) => denied(refusal), // a filter's
        (Stage::Bind, errno::ELIBBAD) => Error::SelfTest {
            text: format!(
                "the kernel's self-test of {algorithm} failed, so that it does not offer it; see \
                 the kernel log, and unload or replace the driver"
            ),
        },
        // From 6.12 on a name of another type is EINVAL, and a template that does not fit what is
        // in it EINVAL, EEXIST or ELOOP.
        (Stage::Bind, errno::ENOENT | errno::EINVAL | errno::EEXIST | errno::ELOOP) => {
            not_found(kind, algorithm, entries, &Policy::read())
        }
        (Stage::Bind, errno::ENAMETOOLONG) => Error::input(
            InputFault::Argument,
            format!("{algorithm} makes a driver name of more than 127 bytes; nest fewer templates"),
        ),
        _ => other(refusal, algorithm),
    }
}

fn other(refusal: Refusal, algorithm: &Algorithm) -> Error {
    let way_out = way_out(refusal.errno);
    let (stage, errno) = (refusal.stage.name(), errno::describe(refusal.errno));
    Error::Kernel { refusal, text: format!("{stage} answered {errno} for {algorithm}{way_out}") }
}

/// Explains why a key was refused: bytes of an allowed length, or one of a keyring.
pub(super) fn explain_key<T: Transport>(
    transport: &T,
    refusal: Refusal,
    constraints: &Constraints,
    key: Key<'_>,
) -> Error {
    let (name, kind) = (&constraints.algorithm, AlgType::Skcipher);
    match (refusal.stage, refusal.errno, key) {
        (Stage::SetKey, errno::EINVAL, Key::Bytes(key)) => {
            let text = format!(
                "the kernel refuses this key of {} for {name}, whose sizes are {}; in FIPS mode it \
                 also refuses weak keys and xts keys with equal halves",
                bytes(key.len()),
                constraints.keys
            );
            Error::input(InputFault::Key, text)
        }
        (Stage::SetKey, errno, Key::InKeyring(serial)) => {
            let tfm = transport.open(kind, name).map_err(|refusal| refusal.errno);
            match tfm.and_then(|tfm| transport.takes_serials(&tfm)) {
                // A policy that forbids the call forbids to ask for it, with the same errno.
                Err(policy) if policy == errno => explain(refusal, kind, name, &[]),
                asked => keyring::explain_use(errno, serial, constraints, asked.ok()),
            }
        }
        _ => explain(refusal, kind, name, &[]),
    }
}

fn no_af_alg(refusal: Refusal) -> Error {
    Error::Unavailable {
        errno: refusal.errno,
        reason: Unavailable::NoAfAlg,
        text: format!(
            "this kernel does not serve AF_ALG (socket answered {}): it was built without \
             CONFIG_CRYPTO_USER_API_SKCIPHER, its module af_alg is missing or blacklisted, \
             crypto.af_alg_restrict is 2, or systemd's RestrictAddressFamilies= leaves it out; \
             load af_alg, lift the restriction, or use a kernel that has it; \
             `python -m afalg doctor` says which",
            errno::describe(refusal.errno)
        ),
    }
}

fn denied(refusal: Refusal) -> Error {
    Error::Unavailable {
        errno: refusal.errno,
        reason: Unavailable::Denied,
        text: format!(
            "this process may not use AF_ALG ({} answered {}): a seccomp profile (the default \
             one of container engines since 2026) or SELinux or AppArmor forbids it; allow \
             AF_ALG there; `python -m afalg doctor` says how",
            refusal.stage.name(),
            errno::describe(refusal.errno)
        ),
    }
}

/// What makes the kernel say of an algorithm that it has none, though it may.
#[derive(Clone, Copy, Debug, Default)]
struct Policy {
    restriction: Option<usize>,
    fips: bool,
}

impl Policy {
    fn read() -> Self {
        Self { restriction: restriction(), fips: fips() }
    }
}

fn not_found(kind: AlgType, algorithm: &Algorithm, entries: &[Entry], policy: &Policy) -> Error {
    let name = algorithm.as_str();
    let mut listed = entries.iter().filter(|entry| entry.name == name || entry.driver == name);
    let known_type = listed.clone().find_map(Entry::alg_type).or_else(|| type_by_name(name));
    let not_found = |text: String| Error::NotFound { algorithm: name.into(), text };
    if let Some(other) = known_type.filter(|other| *other != kind) {
        return not_found(of_another_type(name, other, kind));
    }
    if listed.any(|entry| entry.kind == "cipher") || is_block_cipher(name) {
        return not_found(without_mode(name));
    }
    let asked = kind.name();
    let known = known_type.is_some() || Constraints::built_in(algorithm).is_some();
    if !known && let Some(other) = suggestion(name, &skciphers(entries)) {
        return not_found(format!("the kernel has no {asked} {name}; did you mean {other}?"));
    }
    let missing = "it was built without it, or its module is not there or kept from loading";
    match policy.restriction {
        Some(level) if level > 0 && known => restricted(name, level),
        _ if policy.fips => not_found(format!(
            "the kernel has no {asked} {name}: FIPS mode is on, which hides what is not approved, \
             or {missing}; choose an approved one, such as cbc(aes), or boot without fips=1"
        )),
        _ => not_found(format!(
            "the kernel has no {asked} {name}: {missing}; choose another, or a kernel that has \
             it; `python -m afalg doctor` says what it has"
        )),
    }
}

/// The names of the skciphers that anybody may ask for.
fn skciphers(entries: &[Entry]) -> Vec<&str> {
    let open = |entry: &&Entry| entry.alg_type() == Some(AlgType::Skcipher) && !entry.internal;
    entries.iter().filter(open).map(|entry| entry.name.as_str()).collect()
}

fn restricted(name: &str, level: usize) -> Error {
    Error::Restricted {
        algorithm: name.into(),
        text: format!(
            "the kernel refuses {name} to this process, or does not have it: \
             crypto.af_alg_restrict is {level}, which leaves everyone a short list, processes with \
             CAP_NET_ADMIN or CAP_SYS_ADMIN a longer one, and nobody the rest; ask the \
             administrator for level 0, `python -m afalg doctor` shows what is open"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(stage: Stage, errno: Errno, name: &str) -> String {
        let algorithm = Algorithm::new(name).unwrap();
        explain(Refusal { stage, errno }, AlgType::Skcipher, &algorithm, &[]).to_string()
    }

    fn absent(name: &str, policy: Policy) -> Error {
        not_found(AlgType::Skcipher, &Algorithm::new(name).unwrap(), &[], &policy)
    }

    #[test]
    fn a_name_of_another_type_is_named_as_such() {
        let text = text(Stage::Bind, errno::EINVAL, "gcm(aes)");
        assert_eq!(text, "gcm(aes) is an aead, not a skcipher; this package serves skciphers");
        let text = absent("sha256", Policy::default()).to_string();
        assert!(text.starts_with("sha256 is a hash, not a skcipher"));
    }

    #[test]
    fn a_cipher_without_a_mode_is_told_so() {
        let text = text(Stage::Bind, errno::ENOENT, "aes");
        assert!(text.starts_with("aes is a block cipher without a mode; name one: cbc(aes)"));
    }

    #[test]
    fn a_restricted_kernel_is_named() {
        let level = |level| Policy { restriction: Some(level), fips: false };
        let restricted = absent("cbc(aes)", level(1));
        assert!(matches!(restricted, Error::Restricted { .. }));
        assert!(restricted.to_string().contains("crypto.af_alg_restrict is 1"));
        assert!(matches!(absent("cbc(aes)", level(0)), Error::NotFound { .. }));
        assert!(matches!(absent("cbc(ase)", level(1)), Error::NotFound { .. }));
    }

    #[test]
    fn fips_mode_is_named_where_it_is_on_and_not_where_it_is_off() {
        let off = absent("pcbc(aes)", Policy::default()).to_string();
        assert!(off.contains("built without it") && off.contains("doctor"));
        assert!(!off.contains("did you mean") && !off.contains("FIPS"));
        let on = absent("chacha20", Policy { fips: true, restriction: None }).to_string();
        assert!(on.contains("FIPS mode is on") && on.contains("boot without fips=1"));
    }

    #[test]
    fn a_socket_that_cannot_be_had_says_who_refuses_it() {
        assert!(text(Stage::Socket, errno::EAFNOSUPPORT, "x").contains("af_alg"));
        assert!(text(Stage::Socket, errno::EPERM, "x").contains("seccomp"));
        assert!(text(Stage::Bind, errno::ELIBBAD, "x").contains("self-test"));
        assert!(text(Stage::Accept, errno::EIO, "x").contains("accept answered EIO"));
    }
}
