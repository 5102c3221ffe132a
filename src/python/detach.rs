//! Work with the GIL released, and Python's signals asked for in between.

use pyo3::prelude::*;

use crate::error::{Error, Result};
use crate::request::Hook;

/// Runs `work` with the GIL released. The hook that it gets lets Python's signal handlers run
/// (in the main thread; elsewhere Python has none to run) and says whether one of them raised;
/// what it raised is then the result.
pub(super) fn detached<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&mut Hook<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    let mut raised = None;
    #[allow(clippy::redundant_closure_for_method_calls, reason = "the method has one lifetime")]
    let done = py.detach(|| {
        work(&mut || match Python::attach(|py| py.check_signals()) {
            Ok(()) => false,
            Err(error) => {
                raised = Some(error);
                true
            }
        })
    });
    match (done, raised) {
        (Err(Error::Interrupted), Some(error)) => Err(error),
        (done, _) => Ok(done?),
    }
}
