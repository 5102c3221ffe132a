//! What the kernel asks of a key's names, bytes and permissions, known before it is asked.

use std::ffi::CString;

use crate::constraints::bytes;
use crate::error::{Error, InputFault, Result};
use crate::key::Serial;

/// The types whose bytes AF_ALG takes (`alg_setkey_by_key_serial`).
pub(super) const TYPES: [&str; 4] = ["user", "logon", "encrypted", "trusted"];

/// `add_key` takes a type's name with its NUL in 32 bytes, a description in a page.
const LONGEST_TYPE: usize = 31;
const LONGEST_DESCRIPTION: usize = 4095;
/// `user_preparse`.
const LARGEST_PAYLOAD: usize = 32_767;
/// Six bits of four.
const PERMISSIONS: u32 = 0x3f3f_3f3f;

fn wrong(text: impl Into<String>) -> Error {
    Error::input(InputFault::Argument, text)
}

pub(super) fn check_serial(serial: Serial) -> Result<()> {
    if serial.0 > 0 {
        return Ok(());
    }
    Err(wrong(format!(
        "serial is {serial}, it must be 1 to 2147483647; the keyrings that keyctl numbers below 0 \
         have names here: KeyringKey.find(…, keyring=\"session\")"
    )))
}

pub(super) fn check_names(kind: &str, description: &str) -> Result<()> {
    if kind.is_empty() || kind.len() > LONGEST_TYPE {
        let len = bytes(kind.len());
        return Err(wrong(format!("type has {len}, it must have 1 to {LONGEST_TYPE}")));
    }
    if kind.starts_with('.') {
        return Err(wrong(format!(
            "type is {kind:?}; those that begin with a dot are the kernel's"
        )));
    }
    if description.is_empty() || description.len() > LONGEST_DESCRIPTION {
        let len = bytes(description.len());
        return Err(wrong(format!(
            "description has {len} in UTF-8, it must have 1 to {LONGEST_DESCRIPTION}"
        )));
    }
    Ok(())
}

pub(super) fn check_new(kind: &str, description: &str, len: usize) -> Result<()> {
    if !TYPES.contains(&kind) {
        return Err(wrong(format!(
            "type is {kind:?}, it must be \"user\", \"logon\", \"encrypted\" or \"trusted\": the \
             kernel's ciphers take no other"
        )));
    }
    check_names(kind, description)?;
    if kind == "logon" && description.find(':').is_none_or(|at| at == 0) {
        return Err(wrong(format!(
            "description is {description:?}, a logon key's must begin with the service that it is \
             for and a colon: \"service:name\""
        )));
    }
    if ["user", "logon"].contains(&kind) && !(1..=LARGEST_PAYLOAD).contains(&len) {
        let text = format!(
            "payload has {}, a {kind} key has 1 to {LARGEST_PAYLOAD} (and a cipher fewer)",
            bytes(len)
        );
        return Err(Error::input(InputFault::Key, text));
    }
    Ok(())
}

pub(super) fn check_timeout(seconds: Option<u32>) -> Result<()> {
    if seconds != Some(0) {
        return Ok(());
    }
    Err(wrong(
        "timeout is 0 seconds, which would mean never to the kernel; pass None for that, or 1 and \
         more; revoke() ends a key now",
    ))
}

pub(super) fn check_permissions(mask: u32) -> Result<()> {
    if mask & !PERMISSIONS == 0 {
        return Ok(());
    }
    Err(wrong(format!(
        "permissions are {mask:#010x}, they have six bits in each of four bytes: {PERMISSIONS:#x}"
    )))
}

pub(super) fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| wrong("type and description have no zero bytes in them"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(checked: Result<()>) -> String {
        checked.unwrap_err().to_string()
    }

    #[test]
    fn names_and_bytes_are_as_the_kernel_wants_them() {
        check_new("user", "a", 1).unwrap();
        check_new("logon", "a:b", LARGEST_PAYLOAD).unwrap();
        check_new("encrypted", "a", 0).unwrap(); // its payload is a command, which the kernel reads
        for description in ["", "ab", ":ab"] {
            assert!(check_new("logon", description, 1).is_err(), "{description}");
        }
        assert!(text(check_new("logon", "ab", 1)).contains("\"service:name\""));
        assert!(text(check_new("keyring", "a", 1)).contains("take no other"));
        assert!(text(check_new("user", "a", 0)).starts_with("payload has 0 bytes"));
        assert!(text(check_new("user", "a", 32_768)).contains("1 to 32767"));
        assert!(text(check_names(".a", "a")).contains("are the kernel's"));
        assert!(text(check_names("", "a")).starts_with("type has 0 bytes"));
        assert!(text(check_names("user", &"a".repeat(4096))).contains("4096 bytes"));
        assert!(c_string("a\0b").is_err());
    }

    #[test]
    fn serials_are_positive_and_permissions_have_their_bits() {
        check_serial(Serial(1)).unwrap();
        assert!(check_serial(Serial(0)).is_err());
        assert!(text(check_serial(Serial(-3))).starts_with("serial is -3"));
        check_permissions(0x3f3f_3f3f).unwrap();
        assert!(text(check_permissions(0x4000_0000)).starts_with("permissions are 0x40000000"));
    }
}
