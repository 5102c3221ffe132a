//! The methods of `afalg.Cipher` that take many messages in one call.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use super::cipher::Cipher;
use super::{batch, options};
use crate::batch::{Numbering, Units};
use crate::request::Direction;

#[pymethods]
#[allow(clippy::too_many_arguments, reason = "options by keyword")]
impl Cipher {
    /// Encrypt many messages that have nothing to do with each other, in one call.
    ///
    /// On the kernel a chain of 64 small messages is one system call where io_uring is to be
    /// had (up to 4 KiB each), and else two system calls a message; in userspace it saves what
    /// a call from Python costs.
    ///
    /// Args:
    ///     requests: pairs of data and IV, as for ``encrypt``; None or b"" where there is no
    ///         IV. All are taken and checked before the first is encrypted.
    ///     threads: how many may work at once, each over an op socket of its own in the
    ///         kernel; None: one, the caller's. Signals are heard between messages.
    ///
    /// Returns:
    ///     The results in the order of the requests.
    ///
    /// Raises:
    ///     TypeError: a request is no pair, or its data or IV not bytes-like.
    ///     InvalidInputError: ``threads`` is 0.
    ///
    /// And what ``encrypt`` raises, of the first request that fails: ``index`` is its place.
    /// Nothing is returned then.
    #[pyo3(signature = (requests, /, *, threads = None))]
    fn encrypt_many<'py>(
        &self,
        py: Python<'py>,
        requests: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = options::threads)] threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyList>> {
        batch::many(py, &*self.provider()?, Direction::Encrypt, requests, threads.unwrap_or(1))
    }

    /// Decrypt many messages in one call; see ``encrypt_many``.
    #[pyo3(signature = (requests, /, *, threads = None))]
    fn decrypt_many<'py>(
        &self,
        py: Python<'py>,
        requests: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = options::threads)] threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyList>> {
        batch::many(py, &*self.provider()?, Direction::Decrypt, requests, threads.unwrap_or(1))
    }

    /// Encrypt units (sectors): pieces of one size, each with its number for an IV.
    ///
    /// Only in xts, adiantum, hctr2, cbc, essiv and lrw, in which disks are encrypted: unit i
    /// has the number ``first_iv + i * iv_step``. dm-crypt's cbc-essiv is the algorithm
    /// "essiv(cbc(aes),sha256)" with plain64, its xts-plain64 "xts(aes)"; it counts 512
    /// bytes, so that LUKS2's units of 4096 have an ``iv_step`` of 8.
    ///
    /// Args:
    ///     data: a whole number of units.
    ///     unit_size: bytes of a unit, a multiple of ``block_size``.
    ///     first_iv: the number of the first unit.
    ///     iv_step: from one number to the next, 1 or more. None may reach 2**64.
    ///     iv: how a number is written (drivers/md/dm-crypt.c). "plain64": 64 bits
    ///         little-endian, then zeros. "plain64be": zeros, then 64 bits big-endian.
    ///         "benbi": the same of its first cipher block's, from 1, for units of 512 bytes.
    ///     threads: how many may work at once, each over an op socket of its own in the
    ///         kernel; None: one, the caller's.
    ///
    /// Returns:
    ///     As many bytes as data has.
    ///
    /// Raises:
    ///     InvalidInputError: the mode is another, or a rule is broken (InvalidLengthError).
    ///     MessageTooLongError: a unit exceeds ``max_message``.
    ///     ClosedError: the Cipher was closed.
    ///     KernelError: the kernel failed at unit ``index``; nothing is returned.
    #[pyo3(signature = (
        data, /, *, unit_size, first_iv = 0, iv_step = 1, iv = "plain64", threads = None
    ))]
    fn encrypt_units<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = options::unit_size)] unit_size: usize,
        #[pyo3(from_py_with = options::first_iv)] first_iv: u64,
        #[pyo3(from_py_with = options::iv_step)] iv_step: u64,
        #[pyo3(from_py_with = options::numbering)] iv: &str,
        #[pyo3(from_py_with = options::threads)] threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let numbering = Numbering::parse(iv)?;
        let units = Units { size: unit_size, numbering, first: first_iv, step: iv_step };
        batch::units(py, &*self.provider()?, Direction::Encrypt, data, units, threads.unwrap_or(1))
    }

    /// Encrypt units into a buffer of the caller's, which may be data itself.
    ///
    /// No memory is taken but that: data and out may be an ``mmap`` larger than the machine.
    ///
    /// Args:
    ///     data: as for ``encrypt_units``.
    ///     out: writable, at least as long as data; data itself, to encrypt in place, or
    ///         apart from it.
    ///     unit_size: as for ``encrypt_units``.
    ///     first_iv: likewise.
    ///     iv_step: likewise.
    ///     iv: likewise.
    ///     threads: likewise.
    ///
    /// Returns:
    ///     The count of bytes written, from out's beginning.
    ///
    /// Raises:
    ///     KernelError: the kernel failed at unit ``index``. Apart, what was written is
    ///         wiped. In place all before that unit is encrypted and stays so, what is
    ///         behind it is as it was (but for other ``threads``' units), and the unit
    ///         itself is zeros if it had been begun.
    ///
    /// And what ``encrypt_units`` and ``encrypt_into`` raise. Ctrl-C in the middle, in place,
    /// leaves what is done, and the exception has a note that says how far that is.
    #[pyo3(signature = (
        data, out, /, *, unit_size, first_iv = 0, iv_step = 1, iv = "plain64", threads = None
    ))]
    fn encrypt_units_into<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        out: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = options::unit_size)] unit_size: usize,
        #[pyo3(from_py_with = options::first_iv)] first_iv: u64,
        #[pyo3(from_py_with = options::iv_step)] iv_step: u64,
        #[pyo3(from_py_with = options::numbering)] iv: &str,
        #[pyo3(from_py_with = options::threads)] threads: Option<usize>,
    ) -> PyResult<usize> {
        let numbering = Numbering::parse(iv)?;
        let units = Units { size: unit_size, numbering, first: first_iv, step: iv_step };
        batch::units_into(
            py,
            &*self.provider()?,
            Direction::Encrypt,
            (data, out),
            units,
            threads.unwrap_or(1),
        )
    }

    /// Decrypt units; see ``encrypt_units``.
    #[pyo3(signature = (
        data, /, *, unit_size, first_iv = 0, iv_step = 1, iv = "plain64", threads = None
    ))]
    fn decrypt_units<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = options::unit_size)] unit_size: usize,
        #[pyo3(from_py_with = options::first_iv)] first_iv: u64,
        #[pyo3(from_py_with = options::iv_step)] iv_step: u64,
        #[pyo3(from_py_with = options::numbering)] iv: &str,
        #[pyo3(from_py_with = options::threads)] threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let numbering = Numbering::parse(iv)?;
        let units = Units { size: unit_size, numbering, first: first_iv, step: iv_step };
        batch::units(py, &*self.provider()?, Direction::Decrypt, data, units, threads.unwrap_or(1))
    }

    /// Decrypt units into a buffer of the caller's; see ``encrypt_units_into``.
    #[pyo3(signature = (
        data, out, /, *, unit_size, first_iv = 0, iv_step = 1, iv = "plain64", threads = None
    ))]
    fn decrypt_units_into<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        out: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = options::unit_size)] unit_size: usize,
        #[pyo3(from_py_with = options::first_iv)] first_iv: u64,
        #[pyo3(from_py_with = options::iv_step)] iv_step: u64,
        #[pyo3(from_py_with = options::numbering)] iv: &str,
        #[pyo3(from_py_with = options::threads)] threads: Option<usize>,
    ) -> PyResult<usize> {
        let numbering = Numbering::parse(iv)?;
        let units = Units { size: unit_size, numbering, first: first_iv, step: iv_step };
        batch::units_into(
            py,
            &*self.provider()?,
            Direction::Decrypt,
            (data, out),
            units,
            threads.unwrap_or(1),
        )
    }
}
