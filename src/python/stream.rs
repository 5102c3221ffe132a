//! `afalg.Stream`: one message in parts.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::buffer::{InBuffer, OutBuffer, bytes_filled_by};
use super::detach::{detached, detached_unless};
use super::errors::is_too_long;
use super::fallback::announce_message;
use crate::error::{Error, Result};
use crate::provider::without_remnants;
use crate::request::Hook;
use crate::stream::{Shared, Stream as Core, StreamTurn};

/// One message, taken in pieces; made by ``Cipher.encryptor`` and ``decryptor``.
///
/// However it is cut, the pieces' results joined are the bytes of one call. What does
/// not fill a step of the mode is held back: an incomplete block; with padding, when
/// decrypting, the last block too; of cts, and of xts in userspace, more than one block and
/// at most two; of adiantum and hctr2, and of xts and its like in the kernel, the whole
/// message, as far as one request carries. ``finalize`` gives it out and is never called
/// for you.
///
/// One user at a time: a second thread waits. An error poisons the stream, but for one of
/// an argument and MemoryError; so does an exception that leaves its ``with`` block. From
/// then on, and once finalized, every call is StreamStateError.
#[pyclass(frozen, module = "afalg")]
pub(super) struct Stream {
    shared: Shared,
}

impl Stream {
    pub(super) fn new(stream: Core) -> Self {
        Self { shared: Shared::new(stream) }
    }

    /// Takes the turn, or waits for it with the GIL released: whoever has it may want the GIL.
    /// While Python ends nobody else gets that any more, so that a daemon thread keeps its turn.
    fn turn(&self, py: Python<'_>) -> PyResult<StreamTurn<'_>> {
        match self.shared.turn_now()? {
            Some(turn) => Ok(turn),
            None if is_ending(py) => Err(Error::stream(
                "another thread is in the middle of a call of this stream, and Python, which is \
                 ending, lets it run no more; join threads before the program ends",
            )
            .into()),
            None => detached(py, |hook| self.shared.turn(hook)),
        }
    }

    /// A turn for a call with `new` bytes, once `check` has found nothing wrong with it. That the
    /// message grows too long for the kernel is said without the turn: what Python calls then may
    /// want it.
    fn checked_turn(
        &self,
        py: Python<'_>,
        new: usize,
        check: impl Fn(&Core) -> Result<usize>,
    ) -> PyResult<(StreamTurn<'_>, usize)> {
        let mut turn = self.turn(py)?;
        let mut len = turn.with(|stream| check(stream))?;
        if let Some(fallback) = turn.with(|stream| stream.outgrows(new)) {
            drop(turn);
            announce_message(py, &fallback)?;
            turn = self.turn(py)?;
            turn.with(|stream| stream.go_over(new));
            len = turn.with(|stream| check(stream))?;
        }
        Ok((turn, len))
    }

    /// Ends the message with `work`, which gets the turn and how much room it needs. If only the
    /// kernel knew that the message is too long for it, userspace ends it at a second try.
    fn end<T>(
        &self,
        py: Python<'_>,
        check: impl Fn(&Core) -> Result<usize>,
        mut work: impl FnMut(&StreamTurn<'_>, usize) -> PyResult<T>,
    ) -> PyResult<T> {
        let (turn, len) = self.checked_turn(py, 0, &check)?;
        match work(&turn, len) {
            Err(error)
                if is_too_long(py, &error) && turn.with(|stream| stream.outgrows(0).is_some()) =>
            {
                drop(turn);
                let (turn, len) = self.checked_turn(py, 0, &check)?;
                work(&turn, len)
            }
            done => done,
        }
    }
}

/// Has the stream work on what it holds and `new` bytes, with the GIL released where that pays.
fn advance<T: Send>(
    py: Python<'_>,
    turn: &StreamTurn<'_>,
    new: usize,
    work: impl FnOnce(&mut Core, &mut Hook<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    let quick = turn.with(|stream| stream.is_quick(new));
    detached_unless(quick, py, |hook| turn.with(|stream| work(stream, hook)))
}

/// Whether Python ends: its `sys` says so, or is gone.
fn is_ending(py: Python<'_>) -> bool {
    let told = py.import("sys").and_then(|sys| sys.call_method0("is_finalizing")?.extract());
    told.unwrap_or(true)
}

#[pymethods]
impl Stream {
    /// Take the message's next bytes and give what is ready, often fewer, at times none.
    ///
    /// Raises:
    ///     MessageTooLongError: the message exceeds the Cipher's ``max_message``.
    ///     InvalidLengthError: chacha20 would count past block 2**32.
    ///     StreamStateError: the stream is finalized or poisoned.
    ///     KernelError: the kernel failed; the stream is poisoned.
    #[pyo3(signature = (data, /))]
    fn update<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let data = InBuffer::get(data, "data")?;
        let input = data.span();
        without_remnants(input.len(), || {
            let (turn, len) =
                self.checked_turn(py, input.len(), |stream| stream.update_len(input.len()))?;
            bytes_filled_by(py, len, |out| {
                advance(py, &turn, input.len(), |stream, hook| stream.update(input, out, hook))
            })
        })
    }

    /// Do as ``update`` does into a buffer of the caller's; give the count written.
    ///
    /// Args:
    ///     data: the next bytes.
    ///     out: writable, with room for what becomes ready, at most what is held back
    ///         and data together; it may not overlap data, not even be data itself.
    ///
    /// Raises:
    ///     InvalidLengthError: ``out`` is too small; nothing was taken or written.
    ///     BufferOverlapError: ``out`` overlaps ``data``.
    ///
    /// And what ``update`` raises.
    #[pyo3(signature = (data, out, /))]
    fn update_into<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        out: &Bound<'py, PyAny>,
    ) -> PyResult<usize> {
        let data = InBuffer::get(data, "data")?;
        let mut out = OutBuffer::get(out)?;
        let (input, out) = (data.span(), out.span());
        without_remnants(input.len(), || {
            let (turn, _) =
                self.checked_turn(py, input.len(), |stream| stream.check_update(input, &out))?;
            advance(py, &turn, input.len(), |stream, hook| stream.update(input, out, hook))
        })
    }

    /// End the message and give the rest of it.
    ///
    /// Raises:
    ///     InvalidLengthError: the message cannot end here; more of it may still come.
    ///     InvalidPaddingError: decryption found no valid padding; see ``Cipher.decrypt``.
    ///     StreamStateError: the stream is finalized or poisoned.
    ///     KernelError: the kernel failed; the stream is poisoned.
    fn finalize<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        without_remnants(usize::MAX, || {
            self.end(py, Core::finalize_len, |turn, len| {
                bytes_filled_by(py, len, |out| {
                    advance(py, turn, 0, |stream, hook| stream.finalize(out, hook))
                })
            })
        })
    }

    /// Do as ``finalize`` does into a buffer of the caller's; give the count written.
    ///
    /// Args:
    ///     out: writable, with room for what is held back; with padding, for a block.
    ///
    /// Raises:
    ///     InvalidLengthError: ``out`` is too small; the stream goes on.
    ///
    /// And what ``finalize`` raises.
    #[pyo3(signature = (out, /))]
    fn finalize_into<'py>(&self, py: Python<'py>, out: &Bound<'py, PyAny>) -> PyResult<usize> {
        without_remnants(usize::MAX, || {
            let mut out = OutBuffer::get(out)?;
            let room = out.span().len();
            self.end(
                py,
                |stream| stream.check_finalize(room),
                |turn, _| {
                    let out = out.span();
                    advance(py, turn, 0, |stream, hook| stream.finalize(out, hook))
                },
            )
        })
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

    /// Waits for nobody: loggers and debuggers call it.
    fn __repr__(&self) -> String {
        match self.shared.turn_now() {
            Ok(Some(turn)) => turn.with(|stream| format!("<afalg.Stream {stream}>")),
            _ => "<afalg.Stream, in the middle of a call>".into(),
        }
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
