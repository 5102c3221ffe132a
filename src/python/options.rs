//! The options that several calls share: provider, padding, IV.

use std::env;

use pyo3::prelude::*;

use super::buffer::InBuffer;
use crate::constraints::Constraints;
use crate::error::{Error, InputFault};
use crate::provider::Choice;
use crate::request::Iv;

/// The choice of a call, else of `AFALG_PROVIDER`, else the default. Read each time that an object
/// is made.
pub(super) fn choice(provider: Option<&str>) -> PyResult<Choice> {
    if let Some(word) = provider {
        return Ok(Choice::parse(word, "provider")?);
    }
    match env::var_os("AFALG_PROVIDER") {
        Some(word) if !word.is_empty() => {
            Ok(Choice::parse(&word.to_string_lossy(), "AFALG_PROVIDER")?)
        }
        _ => Ok(Choice::default()),
    }
}

/// Whether PKCS#7 is asked for.
pub(super) fn padded(padding: Option<&str>) -> PyResult<bool> {
    match padding {
        None => Ok(false),
        Some("pkcs7") => Ok(true),
        Some(other) => {
            let text = format!("padding is {other:?}, it must be \"pkcs7\" or None");
            Err(Error::input(InputFault::Argument, text).into())
        }
    }
}

/// Copies the IV, whose size is checked first.
pub(super) fn iv(constraints: &Constraints, iv: Option<&Bound<'_, PyAny>>) -> PyResult<Iv> {
    let Some(object) = iv else {
        constraints.check_iv(None)?;
        return Ok(Iv::EMPTY);
    };
    let bytes = InBuffer::get(object, "iv")?;
    constraints.check_iv(Some(bytes.span().len()))?;
    Ok(Iv::copy_of(bytes.span()).unwrap_or(Iv::EMPTY)) // the checked size is at most an Iv's
}
