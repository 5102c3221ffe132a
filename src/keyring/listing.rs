//! /proc/keys and /proc/key-users: what keyctl(2) has no question for.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::key::Serial;

/// A line of /proc/keys, which shows a process the keys that it may view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its serial.
    pub(super) serial: Serial,
    /// When it ends.
    pub(super) ends: Ends,
    /// Its type.
    pub(super) kind: String,
    /// Its description, and what its type adds to that, but for a size.
    pub(super) told: String,
    /// Its bytes, where the kernel tells: of user and logon keys.
    pub(super) size: Option<usize>,
}

/// When a key ends, as /proc/keys rounds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// Not by itself.
    Never,
    /// It has.
    Over,
    /// In so many seconds at least, and less than so many more.
    Within(u64, u64),
}

impl Ends {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "perm" => Self::Never,
            "expd" => Self::Over,
            _ => {
                let (count, unit) = word.split_at_checked(word.len().checked_sub(1)?)?;
                let seconds = match unit {
                    "s" => 1,
                    "m" => 60,
                    "h" => 3600,
                    "d" => 86_400,
                    "w" => 604_800,
                    _ => return None,
                };
                Self::Within(count.parse::<u64>().ok()?.checked_mul(seconds)?, seconds)
            }
        })
    }

    /// The moment: the one that was set, where that can still be it, else the first that can.
    pub(super) fn at(self, now: SystemTime, set: Option<SystemTime>) -> Option<SystemTime> {
        let Self::Within(least, unit) = self else { return None };
        let second = Duration::from_secs(1);
        let first = now + Duration::from_secs(least);
        let end = first + Duration::from_secs(unit) + second;
        Some(set.filter(|set| (first..=end).contains(&(*set + second))).unwrap_or(first))
    }
}

/// The serials that /proc/keys lists now; `None` where it cannot be read.
pub(super) fn serials() -> Option<Vec<Serial>> {
    let mut serials: Vec<_> = read()?.lines().filter_map(parse).map(|one| one.serial.0).collect();
    serials.sort_unstable();
    serials.dedup();
    Some(serials.into_iter().map(Serial).collect())
}

/// The line of a key, where it has one.
pub(super) fn line_of(key: Serial) -> Option<Listed> {
    only_line(&read()?, key)
}

/// An empty one is covered: every user may at least view the keyring of its own.
fn read() -> Option<String> {
    let text = fs::read("/proc/keys").ok().filter(|text| !text.is_empty())?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// A description may have newlines in it, and what looks like the lines of other keys behind them.
/// Nothing is believed of a key that has two lines.
fn only_line(text: &str, key: Serial) -> Option<Listed> {
    let mut lines = text.lines().filter_map(parse).filter(|listed| listed.serial == key);
    let line = lines.next()?;
    lines.next().is_none().then_some(line)
}

/// `3c2b00af I--Q---     1 4m 3d010000  1000  1000 logon     svc:disk: 32`
fn parse(line: &str) -> Option<Listed> {
    let mut words = line.split_ascii_whitespace();
    let digits = words.next().filter(|word| word.len() == 8)?;
    let serial = i32::from_str_radix(digits, 16).ok().filter(|serial| *serial > 0)?;
    let serial = Serial(serial);
    let ends = Ends::parse(words.nth(2)?)?;
    let kind = words.nth(3)?.to_owned();
    let told = line.split_once(&format!(" {kind} "))?.1.trim();
    let sized = told.rsplit_once(": ").filter(|_| matches!(kind.as_str(), "user" | "logon"));
    let (told, size) = match sized {
        Some((description, size)) => (description, size.parse().ok()),
        None => (told, None),
    };
    Some(Listed { serial, ends, told: told.to_owned(), kind, size })
}

/// What a user has used.
pub(super) fn quota(user: u32) -> Option<String> {
    used(&fs::read_to_string("/proc/key-users").ok()?, user)
}

/// `    0:     6 5/5 3/1000000 40/25000000`
fn used(text: &str, user: u32) -> Option<String> {
    let own = format!("{user}:");
    let line = text.lines().find(|line| line.trim_start().starts_with(&own))?;
    let mut words = line.split_ascii_whitespace().skip(3);
    let (keys, most_keys) = words.next()?.split_once('/')?;
    let (bytes, most_bytes) = words.next()?.split_once('/')?;
    Some(format!("{keys} of {most_keys} keys and {bytes} of {most_bytes} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read() {
        let line = "2ef4f5a8 I--Q---     1 4m 3d010000     0     0 logon     a: b: 16";
        let ends = Ends::Within(240, 60);
        let (kind, told) = ("logon".into(), "a: b".into());
        let logon = Listed { serial: Serial(0x2ef4_f5a8), ends, kind, told, size: Some(16) };
        assert_eq!(parse(line), Some(logon));
        let line = "27d17f48 I--Q---     1 perm 3f010000     0     0 encrypted e1: 133";
        let found = parse(line).unwrap();
        assert_eq!((found.ends, found.kind.as_str(), found.size), (Ends::Never, "encrypted", None));
        let forged = "00000000 I--Q---     1 perm 3f010000     0     0 user a: 1";
        for broken in
            [forged, "", "x", "2ef4f5a8 I--Q---", "2ef4f5a8 I 1 4y 3d010000 0 0 logon a: 1"]
        {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_key_cannot_tell_lies_about_another_one() {
        let honest = "2ef4f5a8 I--Q---     1 4m 3d010000     0     0 logon     a:b: 16\n";
        let liar =
            format!("00000001 I--Q---     1 perm 3d010000     0     0 user      x\n{honest}: 1");
        let key = Serial(0x2ef4_f5a8);
        assert_eq!(only_line(honest, key).unwrap().ends, Ends::Within(240, 60));
        assert_eq!(only_line(&format!("{liar}\n{honest}"), key), None);
        assert_eq!(only_line("", key), None);
    }

    #[test]
    fn the_moment_is_the_one_that_was_set_where_it_can_be() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let after = |seconds| now + Duration::from_secs(seconds);
        let ends = Ends::parse("2h").unwrap();
        assert_eq!(ends.at(now, None), Some(after(7200)));
        assert_eq!(ends.at(now, Some(after(9000))), Some(after(9000)));
        for another in [0, 7000, 11_000] {
            assert_eq!(ends.at(now, Some(after(another))), Some(after(7200)), "{another}");
        }
        assert_eq!(Ends::Never.at(now, Some(after(1))), None);
        assert_eq!(Ends::parse("expd"), Some(Ends::Over));
        assert_eq!(Ends::parse("99999999999999999999w"), None);
        assert_eq!(Ends::parse("ß"), None);
    }

    #[test]
    fn a_users_quota_is_read() {
        let text = "    0:     6 5/5 3/1000000 40/25000000\n 1000:   201 5/5 200/200 99/20000\n";
        assert_eq!(used(text, 1000).unwrap(), "200 of 200 keys and 99 of 20000 bytes");
        assert_eq!(used(text, 100), None);
    }
}
