//! `afalg.Stream`: one message in parts.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::buffer::{InBuffer, OutBuffer, bytes_filled_by};
use super::detach::detached;
use crate::stream::{Shared, Stream as Message, StreamTurn};

/// One message in parts. See the stub for the whole story.
#[pyclass(frozen, module = "afalg")]
pub(super) struct Stream {
    shared: Shared,
}

impl Stream {
    pub(super) fn new(message: Message) -> Self {
        Self { shared: Shared::new(message) }
    }

    /// Waits for the turn with the GIL released: whoever has it may want the GIL.
    fn turn(&self, py: Python<'_>) -> PyResult<StreamTurn<'_>> {
        Ok(py.detach(|| self.shared.turn())?)
    }
}

#[pymethods]
impl Stream {
    #[pyo3(signature = (data, /))]
    fn update<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let data = InBuffer::get(data, "data")?;
        let (turn, input) = (self.turn(py)?, data.span());
        let len = turn.with(|stream| stream.update_len(input.len()))?;
        bytes_filled_by(py, len, |out| {
            detached(py, |hook| turn.with(|stream| stream.update(input, out, hook)))
        })
    }

    #[pyo3(signature = (data, out, /))]
    fn update_into<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        out: &Bound<'py, PyAny>,
    ) -> PyResult<usize> {
        let data = InBuffer::get(data, "data")?;
        let mut out = OutBuffer::get(out)?;
        let (turn, input, out) = (self.turn(py)?, data.span(), out.span());
        detached(py, |hook| turn.with(|stream| stream.update(input, out, hook)))
    }

    fn finalize<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let turn = self.turn(py)?;
        let len = turn.with(|stream| stream.finalize_len())?;
        bytes_filled_by(py, len, |out| {
            detached(py, |hook| turn.with(|stream| stream.finalize(out, hook)))
        })
    }

    #[pyo3(signature = (out, /))]
    fn finalize_into<'py>(&self, py: Python<'py>, out: &Bound<'py, PyAny>) -> PyResult<usize> {
        let mut out = OutBuffer::get(out)?;
        let (turn, out) = (self.turn(py)?, out.span());
        detached(py, |hook| turn.with(|stream| stream.finalize(out, hook)))
    }

    const fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (exc_type, exc_value, traceback, /))]
    fn __exit__(
        &self,
        py: Python<'_>,
        exc_type: &Bound<'_, PyAny>,
        exc_value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let _ = (exc_value, traceback);
        let after_exception = !exc_type.is_none();
        Ok(self.turn(py)?.with(|stream| stream.leave(after_exception))?)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.turn(py)?.with(|stream| format!("<afalg.Stream {stream}>")))
    }

    /// For `copy` and `pickle`.
    #[allow(clippy::unused_self, reason = "Python's signature")]
    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a Stream cannot be copied or pickled: it is in the middle of a message; begin \
             another one",
        ))
    }
}
