//! `afalg.Cipher`: one algorithm, one key.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::PROCESS;
use super::detach::detached;
use super::fallback::announce;
use super::keyring::AnyKey;
use super::oneshot::{crypt, crypt_into};
use super::options;
use super::stream::Stream;
use crate::algorithm::Algorithm;
use crate::batch::Spread;
use crate::constraints::Sizes;
use crate::error::Error;
use crate::provider::{Provider, select, without_remnants};
use crate::request::{Direction, Iv};
use crate::stream::Stream as Core;

/// One algorithm and one key, for any number of messages.
///
/// Threads may share it and run at once. It holds the key, in the kernel behind file
/// descriptors or in this process: ``close()`` it, leave its ``with`` block, or let go of
/// it. It cannot be copied or pickled (TypeError); after ``fork`` both processes may use
/// it, but only one of them a Stream that was begun before: see ``encryptor``.
#[pyclass(frozen, module = "afalg")]
pub(super) struct Cipher {
    /// None once closed. Calls in flight and streams have a reference of their own.
    provider: ArcSwapOption<Provider>,
    /// The name that was asked for.
    #[pyo3(get)]
    algorithm: String,
    /// Who computes: "kernel", or "userspace", this package itself.
    #[pyo3(get, name = "provider")]
    provider_name: &'static str,
    /// The implementation, as /proc/crypto names it ("cbc-aes-aesni"); None if unknown.
    ///
    /// In userspace "userspace-aes-hardware" and the like.
    #[pyo3(get)]
    driver: Option<String>,
    /// Why userspace computes, where the kernel was asked first; None elsewhere.
    ///
    /// A stable code: "no-af-alg", "denied", "type-missing", "not-found", "restricted" or
    /// "self-test". docs/refusals.md has the way out of each.
    #[pyo3(get)]
    reason: Option<&'static str>,
    /// The longest message, where the mode cannot be cut (xts); None: no limit. Bytes.
    ///
    /// There is one with ``provider="kernel"`` alone: "auto" computes longer ones in
    /// userspace, with a ProviderFallbackWarning whose reason is "too-long".
    #[pyo3(get)]
    max_message: Option<usize>,
    sizes: Sizes,
}

impl Cipher {
    /// Makes one; for the kernel, the key's bytes go straight into it.
    pub(super) fn open(
        py: Python<'_>,
        algorithm: &str,
        key: &Bound<'_, PyAny>,
        provider: Option<&str>,
    ) -> PyResult<Self> {
        let choice = options::choice(py, provider)?;
        let algorithm = Algorithm::new(algorithm)?;
        let key = AnyKey::get(key)?;
        let given = key.given();
        let provider = without_remnants(usize::MAX, || {
            detached(py, |hook| select(&PROCESS, choice, &algorithm, given, hook).map(Arc::new))
        })?;
        announce(py, &provider)?;
        let constraints = provider.constraints();
        Ok(Self {
            algorithm: constraints.algorithm.as_str().to_owned(),
            provider_name: provider.name(),
            driver: constraints.driver.clone(),
            reason: provider.instead().map(|fallback| fallback.reason),
            max_message: provider.max_message(),
            sizes: constraints.sizes,
            provider: ArcSwapOption::new(Some(provider)),
        })
    }

    /// For the time of a call, in which no other thread that uses the Cipher is disturbed: a count of
    /// references would be a cache line to which all of them write.
    pub(super) fn with<T>(
        &self,
        threads: Option<usize>,
        work: impl FnOnce(Spread<'_>) -> PyResult<T>,
    ) -> PyResult<T> {
        match &*self.provider.load() {
            Some(provider) => work(Spread { provider, threads: threads.unwrap_or(1) }),
            None => Err(Error::Closed.into()),
        }
    }

    pub(super) fn provider(&self) -> PyResult<Arc<Provider>> {
        Ok(self.provider.load_full().ok_or(Error::Closed)?)
    }

    fn stream(
        &self,
        py: Python<'_>,
        direction: Direction,
        iv: Option<&Bound<'_, PyAny>>,
        padding: Option<&str>,
    ) -> PyResult<Py<Stream>> {
        without_remnants(0, || {
            let provider = self.provider()?;
            let mut place = Iv::EMPTY;
            options::read_iv(provider.constraints(), iv, "iv", &mut place)?;
            let padded = options::padded(padding)?;
            Py::new(py, Stream::new(Core::begin(&provider, direction, &place, padded)?))
        })
    }
}

#[pymethods]
impl Cipher {
    #[new]
    #[pyo3(signature = (algorithm, key, /, *, provider = None))]
    fn new(
        py: Python<'_>,
        #[pyo3(from_py_with = options::algorithm)] algorithm: &str,
        key: &Bound<'_, PyAny>,
        #[pyo3(from_py_with = options::provider)] provider: Option<&str>,
    ) -> PyResult<Self> {
        Self::open(py, algorithm, key, provider)
    }

    /// What the data's length must be a multiple of in ecb and cbc; 1 in ctr. Bytes.
    #[getter]
    const fn block_size(&self) -> usize {
        self.sizes.block
    }

    /// The step in which the cipher advances: its block, also in ctr. Bytes.
    #[getter]
    const fn chunk_size(&self) -> usize {
        self.sizes.chunk
    }

    /// The exact size of an IV; 0 where the algorithm takes none. Bytes.
    #[getter]
    const fn iv_size(&self) -> usize {
        self.sizes.iv
    }

    /// Encrypt one message.
    ///
    /// Never use an IV twice with one key: in ctr, rfc3686 and chacha20 that gives away
    /// both messages to whoever has both ciphertexts, in cbc it shows where messages
    /// begin alike, and cbc's must not be predictable either (NIST SP 800-38A, appendix
    /// C). None of these modes notices a changed ciphertext: authenticate it yourself.
    ///
    /// Args:
    ///     data: the message. ecb, cbc, pcbc, lrw and essiv want whole blocks, xts, cts,
    ///         adiantum and hctr2 at least one block, ctr and chacha20 take any length.
    ///         chacha20 may not count past block 2**32, where the kernel would wrap.
    ///     iv: exactly ``iv_size`` bytes, never invented or remembered; None or b"" where
    ///         that is 0. chacha20's begins with the block counter, 32 bits little-endian
    ///         (crypto/chacha_generic.c); rfc3686's is 8 bytes, its nonce is in the key.
    ///     padding: "pkcs7" fills ecb, cbc and pcbc up to a whole block (RFC 5652,
    ///         section 6.3), one block more where it was whole; None leaves data alone.
    ///     threads: how many may share a long message in ecb, ctr, chacha20, cbc to decrypt.
    ///
    /// Returns:
    ///     As many bytes as data has, and the padding.
    ///
    /// Raises:
    ///     InvalidIVError: the IV is not ``iv_size`` bytes.
    ///     InvalidLengthError: the mode cannot take this length.
    ///     MessageTooLongError: the message exceeds ``max_message``.
    ///     InvalidInputError: ``padding`` is no such, or not for this mode; ``threads`` is 0.
    ///     ClosedError: the Cipher was closed.
    ///     KernelError: the kernel failed; nothing is returned.
    #[pyo3(signature = (data, /, *, iv = None, padding = None, threads = None))]
    fn encrypt<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        iv: Option<&Bound<'py, PyAny>>,
        #[pyo3(from_py_with = options::padding)] padding: Option<&str>,
        #[pyo3(from_py_with = options::threads)] threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.with(threads, |spread| crypt(py, spread, Direction::Encrypt, data, iv, padding))
    }

    /// Decrypt one message; arguments and errors are those of ``encrypt``.
    ///
    /// With ``padding="pkcs7"`` the padding is checked and taken off. Whoever may send
    /// you ciphertexts and learns, by an error or by the time you take, which of them
    /// have valid padding can decrypt any message without the key (a padding oracle):
    /// authenticate the ciphertext first.
    ///
    /// Raises:
    ///     InvalidPaddingError: the message has no valid padding.
    ///     InvalidLengthError: the ciphertext is not a whole number of blocks.
    #[pyo3(signature = (data, /, *, iv = None, padding = None, threads = None))]
    fn decrypt<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        iv: Option<&Bound<'py, PyAny>>,
        #[pyo3(from_py_with = options::padding)] padding: Option<&str>,
        #[pyo3(from_py_with = options::threads)] threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.with(threads, |spread| crypt(py, spread, Direction::Decrypt, data, iv, padding))
    }

    /// Encrypt one message into a buffer of the caller's.
    ///
    /// Args:
    ///     data: the message, as for ``encrypt``.
    ///     out: writable, at least as long as data. It may be data itself, to encrypt in
    ///         place, and may not overlap it otherwise.
    ///     iv: as for ``encrypt``.
    ///     threads: as for ``encrypt``.
    ///
    /// Returns:
    ///     The count of bytes written, from out's beginning.
    ///
    /// Raises:
    ///     InvalidLengthError: ``out`` is too small; nothing was written.
    ///     BufferOverlapError: ``out`` overlaps ``data`` in part.
    ///     BufferError: ``out`` is read-only.
    ///     KernelError: the kernel failed; what was written is wiped.
    ///
    /// And what ``encrypt`` raises.
    #[pyo3(signature = (data, out, /, *, iv = None, threads = None))]
    fn encrypt_into<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        out: &Bound<'py, PyAny>,
        iv: Option<&Bound<'py, PyAny>>,
        #[pyo3(from_py_with = options::threads)] threads: Option<usize>,
    ) -> PyResult<usize> {
        self.with(threads, |spread| crypt_into(py, spread, Direction::Encrypt, data, out, iv))
    }

    /// Decrypt one message into a buffer of the caller's; see ``encrypt_into``.
    #[pyo3(signature = (data, out, /, *, iv = None, threads = None))]
    fn decrypt_into<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        out: &Bound<'py, PyAny>,
        iv: Option<&Bound<'py, PyAny>>,
        #[pyo3(from_py_with = options::threads)] threads: Option<usize>,
    ) -> PyResult<usize> {
        self.with(threads, |spread| crypt_into(py, spread, Direction::Decrypt, data, out, iv))
    }

    /// Begin to encrypt one message that comes in pieces.
    ///
    /// Arguments and errors are those of ``encrypt``; the warning of IV reuse holds.
    ///
    /// It holds across ``fork`` too: a stream of ctr, rfc3686 or chacha20 that parent and
    /// child both go on with gives both the same keystream, and so both messages away. Let
    /// one of them go on, and the other begin anew with an IV of its own.
    #[pyo3(signature = (*, iv = None, padding = None))]
    fn encryptor(
        &self,
        py: Python<'_>,
        iv: Option<&Bound<'_, PyAny>>,
        #[pyo3(from_py_with = options::padding)] padding: Option<&str>,
    ) -> PyResult<Py<Stream>> {
        self.stream(py, Direction::Encrypt, iv, padding)
    }

    /// Begin to decrypt one message that comes in pieces.
    ///
    /// Arguments and errors are those of ``decrypt``; the warning of the padding oracle
    /// holds.
    #[pyo3(signature = (*, iv = None, padding = None))]
    fn decryptor(
        &self,
        py: Python<'_>,
        iv: Option<&Bound<'_, PyAny>>,
        #[pyo3(from_py_with = options::padding)] padding: Option<&str>,
    ) -> PyResult<Py<Stream>> {
        self.stream(py, Direction::Decrypt, iv, padding)
    }

    /// Let go of the key and the sockets; a second call does nothing.
    ///
    /// Calls that are under way and streams that were begun go on; later calls are
    /// ClosedError.
    fn close(&self, py: Python<'_>) {
        let provider = self.provider.swap(None);
        py.detach(|| drop(provider));
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyResult<PyRef<'_, Self>> {
        slf.provider()?;
        Ok(slf)
    }

    #[pyo3(signature = (exc_type, exc_value, traceback, /))]
    fn __exit__(
        &self,
        py: Python<'_>,
        exc_type: &Bound<'_, PyAny>,
        exc_value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) {
        let _ = (exc_type, exc_value, traceback);
        self.close(py);
    }

    fn __repr__(&self) -> String {
        let Sizes { block, iv, .. } = self.sizes;
        let driver = self.driver.as_deref().unwrap_or("unknown");
        let closed = if self.provider.load().is_none() { ", closed" } else { "" };
        format!(
            "<afalg.Cipher {}: {}, driver {driver}, block_size {block}, iv_size {iv}{closed}>",
            self.algorithm, self.provider_name
        )
    }

    /// For `copy` and `pickle`.
    #[allow(clippy::unused_self, reason = "Python's signature")]
    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a Cipher cannot be copied or pickled: its key stays where it is; make another one \
             where it is needed",
        ))
    }
}
