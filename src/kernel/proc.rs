//! What the kernel says of itself in /proc, read when it is asked for.

use std::fs;

use super::proc_crypto::{self, Entry};

/// Linux 7.2 took the asynchronous drivers from AF_ALG.
pub const ONLY_SYNC_SINCE: (u32, u32) = (7, 2);

/// Whether AF_ALG has the synchronous drivers alone.
pub fn only_sync() -> bool {
    told_only_sync().unwrap_or(false)
}

/// The same; `None` where the kernel's version cannot be read now.
pub(super) fn told_only_sync() -> Option<bool> {
    kernel_version().map(|version| version >= ONLY_SYNC_SINCE)
}

/// What /proc/crypto lists now; nothing where it cannot be read.
pub fn listed() -> Vec<Entry> {
    let text = fs::read("/proc/crypto").unwrap_or_default();
    proc_crypto::parse(&String::from_utf8_lossy(&text))
}

/// `crypto.af_alg_restrict` (Linux 7.3 and newer, once af_alg is loaded).
pub(super) fn restriction() -> Option<usize> {
    number("/proc/sys/crypto/af_alg_restrict")
}

/// `crypto.fips_enabled`.
pub(super) fn fips() -> bool {
    number("/proc/sys/crypto/fips_enabled") == Some(1)
}

/// The kernel's major and minor version.
pub(super) fn kernel_version() -> Option<(u32, u32)> {
    parse_version(&fs::read_to_string("/proc/sys/kernel/osrelease").ok()?)
}

/// A release's major and minor version: `6.1.0-37-amd64` is 6.1.
pub fn parse_version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

pub(super) fn number(path: &str) -> Option<usize> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_out_of_a_release() {
        assert_eq!(parse_version("6.1.0-37-amd64\n"), Some((6, 1)));
        assert_eq!(parse_version("7.2.7"), Some((7, 2)));
        assert_eq!(parse_version("7"), None);
        assert_eq!(parse_version(""), None);
    }
}
