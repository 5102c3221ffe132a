//! Work with the GIL released, and Python's signals asked for in between.

use pyo3::prelude::*;

use crate::error::{Error, Result};
use crate::provider::on_main_thread;
use crate::request::Hook;

/// Runs `work` with the GIL released. The hook that it gets lets Python's signal handlers run
/// (in the main thread; they run nowhere else) and says whether one of them raised;
/// what it raised is then the result.
pub(super) fn detached<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&mut Hook<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    let mut raised = None;
    #[allow(clippy::redundant_closure_for_method_calls, reason = "the method has one lifetime")]
    let done = py.detach(|| {
        work(&mut || {
            if !on_main_thread() {
                return false; // Python runs no handlers here: do not take the GIL for nothing
            }
            raised = Python::attach(|py| py.check_signals()).err();
            raised.is_some()
        })
    });
    match (done, raised) {
        (Err(Error::Interrupted), Some(error)) => Err(error),
        (done, _) => Ok(done?),
    }
}

/// The same, but for work that is done before the GIL could have changed hands.
pub(super) fn detached_unless<T: Send>(
    quick: bool,
    py: Python<'_>,
    work: impl FnOnce(&mut Hook<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    if quick { Ok(work(&mut || false)?) } else { detached(py, work) }
}
