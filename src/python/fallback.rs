//! Who computes, said aloud: a warning where it is not whom the caller would expect, once for each
//! reason, and a debug line in `logging` for every choice.

use std::cell::Cell;
use std::ffi::CString;

use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use super::PROCESS;
use super::errors::{fallback_warning, is_too_long};
use crate::provider::{Fallback, Provider};

/// `logging.DEBUG`.
const DEBUG: u8 = 10;

/// Says who computes with a new Cipher.
///
/// # Errors
/// The warning, where Python is told to make errors of them; the Cipher is then not made.
pub(super) fn announce(py: Python<'_>, provider: &Provider) -> PyResult<()> {
    let fallback = provider.instead();
    log(py, || {
        let name = &provider.constraints().algorithm;
        let driver = provider.constraints().driver.as_deref().unwrap_or("unknown");
        let why = match (provider, fallback) {
            (Provider::Kernel { tried: true, .. }, _) => ", gave a published answer",
            (Provider::Kernel { .. }, _) => ", untried: no answer was published for it",
            (_, Some(fallback)) => &format!(", in the kernel's place: {}", fallback.reason),
            _ => ", as asked",
        };
        format!("{name} by {}, driver {driver}{why}", provider.name())
    })?;
    fallback.map_or(Ok(()), |fallback| warn(py, fallback))
}

/// Computes a message of `len` bytes, after it was said that userspace does, where its length is
/// why. Where only the kernel knew it has taken nothing: it is said then, and tried once more.
///
/// # Errors
/// The work's, or the warning, where Python is told to make errors of them; nothing has been
/// computed then.
pub(super) fn announced<T>(
    py: Python<'_>,
    provider: &Provider,
    len: usize,
    mut work: impl FnMut() -> PyResult<T>,
) -> PyResult<T> {
    if provider.too_long(len).is_none() {
        match work() {
            Err(error) if is_too_long(py, &error) && provider.too_long(len).is_some() => {}
            done => return done,
        }
    }
    if let Some(fallback) = provider.too_long(len) {
        announce_message(py, &fallback)?;
    }
    work()
}

/// Computes many messages, the longest of `len` bytes, as [`announced`] does one. What was only known
/// while they were computed is said behind that: in place they cannot be computed again.
///
/// # Errors
/// As above; where the warning comes behind the work, its results are lost.
pub(super) fn announced_all<T>(
    py: Python<'_>,
    provider: &Provider,
    len: usize,
    work: impl FnOnce() -> PyResult<T>,
) -> PyResult<T> {
    let known = provider.too_long(len);
    if let Some(fallback) = &known {
        announce_message(py, fallback)?;
    }
    let done = work()?;
    if let (None, Some(fallback)) = (known, provider.too_long(len)) {
        announce_message(py, &fallback)?;
    }
    Ok(done)
}

/// Says that userspace computes a message, where its length is why.
///
/// # Errors
/// The warning, where Python is told to make errors of them.
pub(super) fn announce_message(py: Python<'_>, fallback: &Fallback) -> PyResult<()> {
    log(py, || fallback.text.clone())?;
    warn(py, fallback)
}

thread_local! {
    /// Whether this thread is in the middle of a warning: what Python calls for it may make Ciphers.
    static WARNING: Cell<bool> = const { Cell::new(false) };
}

/// A warning has been given once it has not been raised as an error: until then every Cipher gives
/// it, in other threads too, so that none goes unwarned.
fn warn(py: Python<'_>, fallback: &Fallback) -> PyResult<()> {
    if PROCESS.warned.of(fallback.reason).is_some() || WARNING.replace(true) {
        return Ok(());
    }
    let given = CString::new(fallback.text.as_str())
        .map_err(PyErr::from)
        .and_then(|text| PyErr::warn(py, &fallback_warning(py), &text, 1));
    WARNING.set(false);
    given.inspect(|()| PROCESS.warned.remember(fallback.reason, &()))
}

/// Logs a line if anybody listens. What goes wrong with that is no error of a cipher.
fn log(py: Python<'_>, text: impl FnOnce() -> String) -> PyResult<()> {
    match try_log(py, text) {
        Err(error) if error.is_instance_of::<PyException>(py) => Ok(()),
        done => done,
    }
}

fn try_log(py: Python<'_>, text: impl FnOnce() -> String) -> PyResult<()> {
    let Some(logger) = logger(py)? else { return Ok(()) };
    if logger.call_method1(intern!(py, "isEnabledFor"), (DEBUG,))?.is_truthy()? {
        logger.call_method1(intern!(py, "debug"), (text(),))?;
    }
    Ok(())
}

/// Nobody listens before somebody has imported `logging`, to its end; it is not imported for that.
fn logger(py: Python<'_>) -> PyResult<Option<&Bound<'_, PyAny>>> {
    static LOGGER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if let Some(logger) = LOGGER.get(py) {
        return Ok(Some(logger.bind(py)));
    }
    let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
    let Some(logging) = modules.cast::<PyDict>()?.get_item(intern!(py, "logging"))? else {
        return Ok(None);
    };
    let logger = logging.call_method1(intern!(py, "getLogger"), ("afalg",))?.unbind();
    Ok(Some(LOGGER.get_or_init(py, || logger).bind(py)))
}
