//! The module's functions.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::cipher::Cipher;
use crate::provider;
use crate::request::Direction;

/// Encrypts one message.
#[pyfunction]
#[pyo3(signature = (algorithm, key, data, /, *, iv = None, padding = None, provider = None))]
pub(super) fn encrypt<'py>(
    py: Python<'py>,
    algorithm: &str,
    key: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    iv: Option<&Bound<'py, PyAny>>,
    padding: Option<&str>,
    provider: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    Cipher::open(py, algorithm, key, provider)?.crypt(py, Direction::Encrypt, data, iv, padding)
}

/// Decrypts one message.
#[pyfunction]
#[pyo3(signature = (algorithm, key, data, /, *, iv = None, padding = None, provider = None))]
pub(super) fn decrypt<'py>(
    py: Python<'py>,
    algorithm: &str,
    key: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    iv: Option<&Bound<'py, PyAny>>,
    padding: Option<&str>,
    provider: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    Cipher::open(py, algorithm, key, provider)?.crypt(py, Direction::Decrypt, data, iv, padding)
}

/// Whether this process can open an AF_ALG socket now.
#[pyfunction]
pub(super) fn is_available(py: Python<'_>) -> bool {
    py.detach(provider::is_available)
}
