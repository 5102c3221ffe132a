//! Python's buffers as spans, and results filled in place: the fence on Python's side.
//!
//! A span of a `bytearray` is read and written by the kernel through its pointer while other
//! Python threads may write to it: that garbles the data, never the program, since no reference
//! to the bytes exists. The held `Py_buffer` keeps the memory from being resized or freed.
#![allow(unsafe_code, reason = "the buffer protocol; invariants in SAFETY.md")]

use std::ffi::{CStr, c_int};
use std::fmt::Display;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};

use crate::span::{In, Out};

/// A `Py_buffer`, released on drop.
struct View<'py> {
    raw: ffi::Py_buffer,
    attached: PhantomData<Python<'py>>, // not Send: it is released where the GIL is held
}

impl<'py> View<'py> {
    /// Asks for plain contiguous bytes, so that the view points nowhere into itself and may move.
    fn get(object: &Bound<'py, PyAny>, flags: c_int) -> PyResult<Self> {
        let mut raw = MaybeUninit::<ffi::Py_buffer>::uninit();
        // SAFETY: the object is alive, and the exporter fills `raw` or sets an exception.
        let answer = unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), raw.as_mut_ptr(), flags) };
        if answer != 0 {
            return Err(PyErr::fetch(object.py()));
        }
        // SAFETY: the exporter answered 0, so it has filled `raw`.
        let raw = unsafe { raw.assume_init() };
        Ok(Self { raw, attached: PhantomData })
    }

    fn len(&self) -> usize {
        usize::try_from(self.raw.len).unwrap_or_default()
    }

    /// Empty buffers may have no address.
    fn start(&self) -> NonNull<u8> {
        NonNull::new(self.raw.buf.cast()).unwrap_or(NonNull::dangling())
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        // SAFETY: `raw` came from PyObject_GetBuffer, is released once, and the GIL is held.
        unsafe { ffi::PyBuffer_Release(&raw mut self.raw) }
    }
}

/// A readable buffer. Exact `bytes` go without the protocol.
pub(super) struct InBuffer<'a, 'py>(Source<'a, 'py>);

enum Source<'a, 'py> {
    Bytes(&'a [u8]),
    View(View<'py>),
}

impl<'a, 'py> InBuffer<'a, 'py> {
    /// # Errors
    /// TypeError for what has no bytes, BufferError for what is not contiguous.
    pub(super) fn get(object: &'a Bound<'py, PyAny>, name: impl Display) -> PyResult<Self> {
        if let Ok(bytes) = object.cast_exact::<PyBytes>() {
            return Ok(Self(Source::Bytes(bytes.as_bytes())));
        }
        check_no_objects(object, &name)?;
        match View::get(object, ffi::PyBUF_SIMPLE) {
            Ok(view) => Ok(Self(Source::View(view))),
            Err(error) => Err(refused(object, &name, error)),
        }
    }

    pub(super) fn span(&self) -> In<'_> {
        match &self.0 {
            Source::Bytes(bytes) => In::from_slice(bytes),
            // SAFETY: the held view keeps its bytes mapped for as long as `self` is borrowed.
            Source::View(view) => unsafe { In::new(view.start(), view.len()) },
        }
    }
}

/// A writable buffer.
pub(super) struct OutBuffer<'py>(View<'py>);

impl<'py> OutBuffer<'py> {
    /// # Errors
    /// TypeError for what has no bytes, BufferError for what is read-only or not contiguous.
    pub(super) fn get(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        check_no_objects(object, &"out")?;
        match View::get(object, ffi::PyBUF_WRITABLE) {
            Ok(view) => Ok(Self(view)),
            Err(error) => Err(match View::get(object, ffi::PyBUF_SIMPLE) {
                Ok(_) => PyBufferError::new_err(
                    "out is read-only; give a writable buffer, such as a bytearray",
                ),
                Err(_) => refused(object, &"out", error),
            }),
        }
    }

    pub(super) fn span(&mut self) -> Out<'_> {
        // SAFETY: the held view keeps its bytes mapped and writable while `self` is borrowed.
        unsafe { Out::new(self.0.start(), self.0.len()) }
    }
}

/// The error of a buffer that does not come as plain contiguous bytes. Exporters word it as they
/// like (NumPy raises ValueError), so ask whether it comes in another shape.
fn refused(object: &Bound<'_, PyAny>, name: &dyn Display, error: PyErr) -> PyErr {
    if exports_another_shape(object) {
        return PyBufferError::new_err(format!(
            "{name} is not one C-contiguous run of bytes; pass a contiguous copy of it"
        ));
    }
    if error.is_instance_of::<PyTypeError>(object.py()) {
        let kind = object.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string());
        return PyTypeError::new_err(format!(
            "{name} is of type {kind}, it must be bytes-like: bytes, bytearray, memoryview, mmap \
             or an array"
        ));
    }
    error
}

/// The items of an array may be Python objects: its bytes are then their addresses, which are no
/// data to encrypt, and to write over them is to have the interpreter follow whatever comes out.
fn check_no_objects(object: &Bound<'_, PyAny>, name: &dyn Display) -> PyResult<()> {
    if object.is_exact_instance_of::<PyByteArray>() || look(object, holds_objects) != Some(true) {
        return Ok(());
    }
    Err(PyTypeError::new_err(format!(
        "{name} holds Python objects, not bytes: what is in its memory are their addresses; pass \
         the bytes of what they stand for"
    )))
}

/// Whether a buffer's format has the item `O`, outside the names of a structure's fields.
fn holds_objects(raw: &ffi::Py_buffer) -> bool {
    if raw.format.is_null() {
        return false; // unsigned bytes
    }
    // SAFETY: the exporter filled `raw`, which is not released yet: `format` is its C string.
    let format = unsafe { CStr::from_ptr(raw.format) }.to_bytes();
    format.split(|byte| *byte == b':').step_by(2).any(|items| items.contains(&b'O'))
}

fn exports_another_shape(object: &Bound<'_, PyAny>) -> bool {
    look(object, |_| ()).is_some()
}

/// Asks for any shape and format there is, looks at it and gives it back on the spot: such a view
/// may point into itself. `None` where it cannot be had: an exporter may have bytes and no format
/// for them (NumPy's times).
fn look<R>(object: &Bound<'_, PyAny>, see: impl FnOnce(&ffi::Py_buffer) -> R) -> Option<R> {
    let mut raw = MaybeUninit::<ffi::Py_buffer>::uninit();
    let flags = ffi::PyBUF_FULL_RO;
    // SAFETY: the object is alive, and the exporter fills `raw` or sets an exception.
    if unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), raw.as_mut_ptr(), flags) } != 0 {
        drop(PyErr::take(object.py()));
        return None;
    }
    // SAFETY: the exporter answered 0, so it has filled `raw`, which stays where it is.
    let seen = see(unsafe { raw.assume_init_ref() });
    // SAFETY: as above, and `raw` has not moved since; it is released once, with the GIL held.
    unsafe { ffi::PyBuffer_Release(raw.as_mut_ptr()) };
    Some(seen)
}

/// A new `bytes` that nobody has seen yet.
pub(super) struct Fresh<'py>(Bound<'py, PyBytes>);

impl<'py> Fresh<'py> {
    /// One of `len` bytes, which are not zeroed first.
    pub(super) fn new(py: Python<'py>, len: usize) -> PyResult<Self> {
        let size = ffi::Py_ssize_t::try_from(len)?;
        // SAFETY: NULL asks for an uninitialised object of `size` bytes.
        let raw = unsafe { ffi::PyBytes_FromStringAndSize(ptr::null(), size) };
        // SAFETY: `raw` is a new reference, or NULL with an exception set.
        let object = unsafe { Bound::from_owned_ptr_or_err(py, raw) }?;
        Ok(Self(object.cast_into::<PyBytes>()?))
    }

    fn start(&self) -> NonNull<u8> {
        // SAFETY: the object is a `bytes`.
        let start = unsafe { ffi::PyBytes_AsString(self.0.as_ptr()) };
        NonNull::new(start.cast()).unwrap_or(NonNull::dangling())
    }

    /// Its bytes.
    pub(super) fn span(&mut self) -> Out<'_> {
        let len = self.0.as_bytes().len();
        // SAFETY: they live as long as the object, and are ours to write while nobody else has seen
        // it. Of length 0 it is CPython's shared empty object, and nothing can be written.
        unsafe { Out::new(self.start(), len) }
    }

    /// The object, all of whose bytes have been written.
    pub(super) fn done(self) -> Bound<'py, PyBytes> {
        self.0
    }
}

/// A new `bytes` of at most `len` bytes, which `fill` writes in place; it gives how many it wrote.
pub(super) fn bytes_filled_by(
    py: Python<'_>,
    len: usize,
    fill: impl FnOnce(Out<'_>) -> PyResult<usize>,
) -> PyResult<Bound<'_, PyBytes>> {
    let mut fresh = Fresh::new(py, len)?;
    let written = fill(fresh.span())?;
    if written == len {
        return Ok(fresh.done());
    }
    // SAFETY: `fill` has written that many bytes from the start on.
    let bytes = unsafe { std::slice::from_raw_parts(fresh.start().as_ptr(), written.min(len)) };
    let exact = PyBytes::new(py, bytes);
    fresh.span().fill(0);
    Ok(exact)
}
