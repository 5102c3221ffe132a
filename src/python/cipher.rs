//! `afalg.Cipher`: one algorithm, one key.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::PROCESS;
use super::buffer::{InBuffer, OutBuffer, bytes_filled_by};
use super::detach::detached;
use super::options;
use super::stream::Stream;
use crate::algorithm::Algorithm;
use crate::constraints::Sizes;
use crate::error::Error;
use crate::padding;
use crate::provider::{Provider, select};
use crate::request::{Direction, Request};
use crate::span::In;
use crate::stream::Stream as Message;

/// One algorithm and one key. See the stub for the whole story.
#[pyclass(frozen, module = "afalg")]
pub(super) struct Cipher {
    /// None once closed. Calls in flight and streams have a reference of their own.
    provider: ArcSwapOption<Provider>,
    #[pyo3(get)]
    algorithm: String,
    #[pyo3(get, name = "provider")]
    provider_name: &'static str,
    #[pyo3(get)]
    driver: Option<String>,
    #[pyo3(get)]
    reason: Option<&'static str>,
    #[pyo3(get)]
    max_message: Option<usize>,
    sizes: Sizes,
}

impl Cipher {
    /// Makes one; the key's bytes go straight into the kernel.
    pub(super) fn open(
        py: Python<'_>,
        algorithm: &str,
        key: &Bound<'_, PyAny>,
        provider: Option<&str>,
    ) -> PyResult<Self> {
        let choice = options::choice(provider)?;
        let algorithm = Algorithm::new(algorithm)?;
        let key = InBuffer::get(key, "key")?;
        let span = key.span();
        let provider = detached(py, |_| select(&PROCESS, choice, &algorithm, span))?;
        let constraints = provider.constraints();
        Ok(Self {
            algorithm: constraints.algorithm.as_str().to_owned(),
            provider_name: provider.name(),
            driver: constraints.driver.clone(),
            reason: provider.reason(),
            max_message: provider.max_message(),
            sizes: constraints.sizes,
            provider: ArcSwapOption::from_pointee(provider),
        })
    }

    fn provider(&self) -> PyResult<Arc<Provider>> {
        Ok(self.provider.load_full().ok_or(Error::Closed)?)
    }

    /// One message into a new `bytes`.
    pub(super) fn crypt<'py>(
        &self,
        py: Python<'py>,
        direction: Direction,
        data: &Bound<'py, PyAny>,
        iv: Option<&Bound<'py, PyAny>>,
        padding: Option<&str>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let provider = &*self.provider()?;
        let iv = &options::iv(provider.constraints(), iv)?;
        let data = InBuffer::get(data, "data")?;
        let input = data.span();
        if options::padded(padding)? {
            provider.constraints().check_pads()?;
            return crypt_padded(py, provider, direction, iv, input);
        }
        provider.constraints().check_length(input.len())?;
        bytes_filled_by(py, input.len(), |output| {
            detached(py, |hook| provider.crypt(Request { direction, iv, input, output }, hook))
        })
    }

    fn crypt_into<'py>(
        &self,
        py: Python<'py>,
        direction: Direction,
        data: &Bound<'py, PyAny>,
        out: &Bound<'py, PyAny>,
        iv: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<usize> {
        let provider = &*self.provider()?;
        let iv = &options::iv(provider.constraints(), iv)?;
        let data = InBuffer::get(data, "data")?;
        let mut out = OutBuffer::get(out)?;
        let (input, output) = (data.span(), out.span());
        detached(py, |hook| provider.crypt(Request { direction, iv, input, output }, hook))
    }

    fn stream(
        &self,
        direction: Direction,
        iv: Option<&Bound<'_, PyAny>>,
        padding: Option<&str>,
    ) -> PyResult<Stream> {
        let provider = self.provider()?;
        let iv = options::iv(provider.constraints(), iv)?;
        let padded = options::padded(padding)?;
        Ok(Stream::new(Message::begin(&provider, direction, &iv, padded)?))
    }
}

fn crypt_padded<'py>(
    py: Python<'py>,
    provider: &Provider,
    direction: Direction,
    iv: &crate::request::Iv,
    input: In<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let block = provider.constraints().sizes.block;
    if direction == Direction::Encrypt {
        let len = input.len() + padding::added(input.len(), block);
        return bytes_filled_by(py, len, |out| {
            detached(py, |hook| padding::encrypt(provider, iv, input, out, hook))
        });
    }
    let begun = detached(py, |hook| padding::begin_decrypt(provider, iv, input, hook))?;
    bytes_filled_by(py, begun.len(input.len(), block), |out| {
        detached(py, |hook| begun.finish(provider, iv, input, out, hook))
    })
}

#[pymethods]
impl Cipher {
    #[new]
    #[pyo3(signature = (algorithm, key, /, *, provider = None))]
    fn new(
        py: Python<'_>,
        algorithm: &str,
        key: &Bound<'_, PyAny>,
        provider: Option<&str>,
    ) -> PyResult<Self> {
        Self::open(py, algorithm, key, provider)
    }

    #[getter]
    const fn block_size(&self) -> usize {
        self.sizes.block
    }

    #[getter]
    const fn chunk_size(&self) -> usize {
        self.sizes.chunk
    }

    #[getter]
    const fn iv_size(&self) -> usize {
        self.sizes.iv
    }

    #[pyo3(signature = (data, /, *, iv = None, padding = None))]
    fn encrypt<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        iv: Option<&Bound<'py, PyAny>>,
        padding: Option<&str>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.crypt(py, Direction::Encrypt, data, iv, padding)
    }

    #[pyo3(signature = (data, /, *, iv = None, padding = None))]
    fn decrypt<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        iv: Option<&Bound<'py, PyAny>>,
        padding: Option<&str>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.crypt(py, Direction::Decrypt, data, iv, padding)
    }

    #[pyo3(signature = (data, out, /, *, iv = None))]
    fn encrypt_into<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        out: &Bound<'py, PyAny>,
        iv: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<usize> {
        self.crypt_into(py, Direction::Encrypt, data, out, iv)
    }

    #[pyo3(signature = (data, out, /, *, iv = None))]
    fn decrypt_into<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        out: &Bound<'py, PyAny>,
        iv: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<usize> {
        self.crypt_into(py, Direction::Decrypt, data, out, iv)
    }

    #[pyo3(signature = (*, iv = None, padding = None))]
    fn encryptor(&self, iv: Option<&Bound<'_, PyAny>>, padding: Option<&str>) -> PyResult<Stream> {
        self.stream(Direction::Encrypt, iv, padding)
    }

    #[pyo3(signature = (*, iv = None, padding = None))]
    fn decryptor(&self, iv: Option<&Bound<'_, PyAny>>, padding: Option<&str>) -> PyResult<Stream> {
        self.stream(Direction::Decrypt, iv, padding)
    }

    fn close(&self, py: Python<'_>) {
        let provider = self.provider.swap(None);
        py.detach(|| drop(provider));
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
            "a Cipher cannot be copied or pickled: its key is in the kernel and stays there; make \
             another one where it is needed",
        ))
    }
}
