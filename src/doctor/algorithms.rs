//! Who serves each of the usual algorithms, or why nobody does.

use super::Check;
use super::access::{Type, denied};
use super::facts::Facts;
use super::probe::Probe;
use crate::algorithm::{AlgType, template};
use crate::catalogue::beside;
use crate::constraints::BUILT_IN_NAMES;
use crate::error::Errno;
use crate::kernel::{OpenTo, errno, parse_proc_crypto, serving};

/// Why the kernel does not serve an algorithm.
struct Why {
    text: String,
    advice: Option<String>,
}

impl Why {
    /// Where another check has the way out.
    fn see(text: impl Into<String>) -> Self {
        Self { text: text.into(), advice: None }
    }

    fn new(text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { text: text.into(), advice: Some(advice.into()) }
    }
}

/// A line for each.
pub(super) fn checks(
    probe: &dyn Probe,
    socket: Result<(), Errno>,
    skcipher: &Type,
    facts: &Facts,
) -> Vec<Check> {
    let ask = |name| match socket {
        Err(_) => Err(Why::see("there is no AF_ALG (see af-alg)")),
        Ok(()) if !skcipher.serves() => Err(Why::see("no skcipher is served (see skcipher)")),
        Ok(()) => probe.bind(AlgType::Skcipher, name).map_err(|errno| refused(errno, name, facts)),
    };
    let answers = BUILT_IN_NAMES.map(|name| (name, ask(name)));
    // Read now, since templates are listed once they have been bound.
    let entries = parse_proc_crypto(&probe.read("/proc/crypto").unwrap_or_default());
    let driver = |name| {
        serving(&entries, AlgType::Skcipher, name, facts.only_sync())
            .map_or_else(String::new, |entry| format!(", driver {}", entry.driver))
    };
    answers.into_iter().map(|(name, answer)| line(name, &driver(name), answer)).collect()
}

fn line(name: &'static str, driver: &str, answer: Result<OpenTo, Why>) -> Check {
    let other = beside(AlgType::Skcipher, name).map(|other| other.provider);
    let (found, advice) = match (answer, other) {
        (Ok(OpenTo::Everyone), _) => return Check::ok(name, format!("kernel{driver}")),
        (Ok(OpenTo::Privileged), _) => {
            return Check::ok(name, format!("kernel{driver}; for privileged processes alone"));
        }
        (Err(why), Some(other)) => (format!("{other}; not the kernel: {}", why.text), why.advice),
        (Err(why), None) => (format!("nowhere: {}", why.text), why.advice),
    };
    Check { advice, ..Check::warning(name, found) }
}

/// Why a name was refused while others are served.
fn refused(errno: Errno, name: &str, facts: &Facts) -> Why {
    match errno {
        errno::ENOENT | errno::EINVAL | errno::EEXIST | errno::ELOOP => absent(name, facts),
        errno::ELIBBAD => Why::new(
            "it failed the kernel's self-test",
            "see the kernel log, and unload or replace its driver",
        ),
        other => Why {
            text: format!("bind answered {}", errno::describe(other)),
            advice: denied(other, facts),
        },
    }
}

/// The kernel says the same of what it lacks and of what it withholds.
fn absent(name: &str, facts: &Facts) -> Why {
    if let Some(rule) = words(name).into_iter().find_map(|part| facts.modules.rule_of_part(part)) {
        let way_out = rule.way_out(facts.place());
        return Why::new("a module of its is kept from loading", way_out);
    }
    let listed = facts.entries.iter().any(|entry| entry.name == name);
    match (facts.restriction, listed) {
        (Some(1..), true) => {
            Why::see("crypto.af_alg_restrict keeps it from this process (see restriction)")
        }
        (Some(1..), false) => Why::see(
            "crypto.af_alg_restrict keeps it from this process (see restriction), or it is not in \
             this kernel",
        ),
        _ if !facts.told() => Why::see(
            "not in this kernel, or kept from this process: /proc, which would tell, is hidden",
        ),
        _ if facts.fips => Why::see("not approved in FIPS mode (see fips), or not in this kernel"),
        _ => Why::new(
            "not in this kernel",
            format!("a kernel that has it is one built with {}", symbols(name)),
        ),
    }
}

/// The symbols of the kernel's configuration that an algorithm needs.
fn symbols(name: &str) -> String {
    let mut symbols: Vec<_> = words(name).into_iter().map(symbol).collect();
    symbols.dedup();
    symbols.join(", ")
}

/// The words of a name: `cts(cbc(aes))` has three.
fn words(name: &str) -> Vec<&str> {
    match template(name) {
        None => vec![name],
        Some((outer, arguments)) => {
            [outer].into_iter().chain(arguments.into_iter().flat_map(words)).collect()
        }
    }
}

fn symbol(word: &str) -> String {
    let symbol = match word {
        "rfc3686" => "CTR",
        "des3_ede" => "DES",
        "xchacha12" | "xchacha20" => "CHACHA20",
        "cipher_null" => "NULL",
        other => &other.to_ascii_uppercase(),
    };
    format!("CONFIG_CRYPTO_{symbol}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_symbols_are_those_of_the_parts() {
        for (name, expected) in [
            ("pcbc(aes)", "CONFIG_CRYPTO_PCBC, CONFIG_CRYPTO_AES"),
            ("rfc3686(ctr(aes))", "CONFIG_CRYPTO_CTR, CONFIG_CRYPTO_AES"),
            ("xchacha20", "CONFIG_CRYPTO_CHACHA20"),
            (
                "essiv(cbc(aes),sha256)",
                "CONFIG_CRYPTO_ESSIV, CONFIG_CRYPTO_CBC, CONFIG_CRYPTO_AES, CONFIG_CRYPTO_SHA256",
            ),
        ] {
            assert_eq!(symbols(name), expected);
        }
    }
}
