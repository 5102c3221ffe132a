//! One interpreter a process.
//!
//! Classes and exceptions are made once and are the first interpreter's: in a second one an
//! `except` would look for other classes than are raised. PyO3 leaves it to Python to refuse, which
//! Python does from 3.12 on, and only for interpreters that have a GIL of their own.

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// The `sys` of the interpreter that loaded the package first. Each has its own, and as long as
/// this one is held no other can be at its address.
static HOME: PyOnceLock<Py<PyModule>> = PyOnceLock::new();

/// Refuses every interpreter but the first.
pub(super) fn check_only(py: Python<'_>) -> PyResult<()> {
    let sys = py.import("sys")?;
    if HOME.get_or_init(py, || sys.clone().unbind()).is(&sys) {
        return Ok(());
    }
    Err(PyImportError::new_err(
        "afalg is loaded in another interpreter of this process, whose classes and exceptions it \
         has; use it there, or start a process (multiprocessing) instead of a subinterpreter",
    ))
}
