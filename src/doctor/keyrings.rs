//! Whether keys may stay in the kernel's keyrings and ciphers take them from there.

use super::Check;
use super::probe::Probe;
use crate::kernel::errno;

/// Keyrings, and AF_ALG's way to them.
pub(super) fn keyrings(probe: &dyn Probe) -> Check {
    const NAME: &str = "keyrings";
    match (probe.keyrings(), probe.takes_serials()) {
        (Err(errno::ENOSYS), _) => Check::warning(
            NAME,
            "there are none: keyctl answered ENOSYS, the kernel was built without",
        )
        .advise("for KeyringKey use a kernel with CONFIG_KEYS; keys as bytes need none"),
        (Err(errno), _) => {
            let told = errno::describe(errno);
            Check::warning(NAME, format!("refused: keyctl answered {told}"))
                .advise("for KeyringKey allow add_key and keyctl in the seccomp profile")
        }
        (Ok(()), Some(false)) => {
            Check::warning(NAME, "there are, but this kernel's ciphers take no keys from them")
                .advise("for KeyringKey use Linux 6.2 or newer")
        }
        (Ok(()), None) => {
            Check::unknown(NAME, "there are; no socket to ask whether ciphers take keys from them")
        }
        (Ok(()), Some(true)) => {
            let used =
                probe.quota().map_or_else(String::new, |used| format!("; this user has {used}"));
            Check::ok(NAME, format!("ciphers take keys from them{used}"))
        }
    }
}
