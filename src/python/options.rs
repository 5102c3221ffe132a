//! The options that several calls share: provider, padding, IV.

use std::fmt::Display;

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyUnicodeEncodeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

use super::buffer::InBuffer;
use crate::constraints::Constraints;
use crate::error::{Error, InputFault};
use crate::provider::Choice;
use crate::request::Iv;

/// Reads a word: PyO3's own errors do not say which argument they are about.
fn word<'a>(object: &'a Bound<'_, PyAny>, name: &str, or: &str) -> PyResult<&'a str> {
    let Ok(word) = object.cast::<PyString>() else {
        let kind = object.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string());
        return Err(PyTypeError::new_err(format!(
            "{name} is of type {kind}, it must be a str{or}"
        )));
    };
    word.to_str().map_err(|error| {
        if !error.is_instance_of::<PyUnicodeEncodeError>(object.py()) {
            return error;
        }
        let told = object.repr().map_or_else(|_| "?".into(), |told| told.to_string());
        let text = format!(
            "{name} is {told}, which is no text (it has a lone surrogate, as bytes that are not \
             UTF-8 become when they are read); there is no such {name}"
        );
        Error::input(InputFault::Argument, text).into()
    })
}

/// The argument `algorithm`.
pub(super) fn algorithm<'a>(object: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    word(object, "algorithm", "")
}

/// The argument `provider`.
pub(super) fn provider<'a>(object: &'a Bound<'_, PyAny>) -> PyResult<Option<&'a str>> {
    word_or_none(object, "provider")
}

/// The argument `padding`.
pub(super) fn padding<'a>(object: &'a Bound<'_, PyAny>) -> PyResult<Option<&'a str>> {
    word_or_none(object, "padding")
}

/// The argument `type`.
pub(super) fn kind<'a>(object: &'a Bound<'_, PyAny>) -> PyResult<Option<&'a str>> {
    word_or_none(object, "type")
}

/// The argument `type` of a key.
pub(super) fn key_type<'a>(object: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    word(object, "type", "")
}

/// The argument `description`.
pub(super) fn description<'a>(object: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    word(object, "description", "")
}

fn word_or_none<'a>(object: &'a Bound<'_, PyAny>, name: &str) -> PyResult<Option<&'a str>> {
    if object.is_none() { Ok(None) } else { word(object, name, " or None").map(Some) }
}

/// `os.environ`, looked up when the package is loaded: while Python ends nothing is imported.
pub(super) fn environ(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static ENVIRON: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    ENVIRON.import(py, "os", "environ")
}

/// The choice of a call, else of `AFALG_PROVIDER`, else the default. Read each time that an object
/// is made, from `os.environ`: what the C library has may change under us in another thread.
pub(super) fn choice(py: Python<'_>, provider: Option<&str>) -> PyResult<Choice> {
    if let Some(word) = provider {
        return Ok(Choice::parse(word, "provider")?);
    }
    let word =
        environ(py)?.call_method1(intern!(py, "get"), (intern!(py, "AFALG_PROVIDER"), ""))?;
    match &*word.cast::<PyString>()?.to_string_lossy() {
        "" => Ok(Choice::default()),
        word => Ok(Choice::parse(word, "AFALG_PROVIDER")?),
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

/// Copies the IV, whose size is checked first, to where it stays: what a result of `PyResult<Iv>` has
/// had in it would lie in the gaps of the next result at its place.
pub(super) fn read_iv(
    constraints: &Constraints,
    object: Option<&Bound<'_, PyAny>>,
    name: impl Display,
    iv: &mut Iv,
) -> PyResult<()> {
    let Some(object) = object else { return Ok(constraints.check_iv(None)?) };
    let bytes = InBuffer::get(object, name)?;
    constraints.check_iv(Some(bytes.span().len()))?;
    iv.fill_from(bytes.span()); // the checked size is at most an Iv's
    Ok(())
}

/// The argument `threads`: how many may work at once.
pub(super) fn threads(object: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
    if object.is_none() {
        return Ok(None);
    }
    match number(object, "threads", "1 or more")? {
        0 => Err(out_of_range(object, "threads", "1 or more")),
        threads => Ok(Some(usize::try_from(threads)?)),
    }
}

/// The argument `unit_size`.
pub(super) fn unit_size(object: &Bound<'_, PyAny>) -> PyResult<usize> {
    Ok(usize::try_from(number(object, "unit_size", "a whole number of blocks")?)?)
}

/// The argument `first_iv`.
pub(super) fn first_iv(object: &Bound<'_, PyAny>) -> PyResult<u64> {
    number(object, "first_iv", "0 to 2**64 - 1")
}

/// The argument `iv_step`.
pub(super) fn iv_step(object: &Bound<'_, PyAny>) -> PyResult<u64> {
    number(object, "iv_step", "1 to 2**64 - 1")
}

/// The argument `iv` of units.
pub(super) fn numbering<'a>(object: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    word(object, "iv", "")
}

/// A number of 64 bits.
fn number(object: &Bound<'_, PyAny>, name: &str, range: &str) -> PyResult<u64> {
    object.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyOverflowError>(object.py()) {
            return out_of_range(object, name, range);
        }
        if !error.is_instance_of::<PyTypeError>(object.py()) {
            return error; // what its __index__ raised, Ctrl-C in it too
        }
        let kind = object.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string());
        PyTypeError::new_err(format!("{name} is of type {kind}, it must be an int"))
    })
}

fn out_of_range(object: &Bound<'_, PyAny>, name: &str, range: &str) -> PyErr {
    // Python does not write integers of thousands of digits.
    let told = object.str().map_or_else(|_| String::new(), |told| told.to_string());
    let told = if (1..40).contains(&told.len()) { &told } else { "out of range" };
    Error::input(InputFault::Argument, format!("{name} is {told}, it must be {range}")).into()
}
