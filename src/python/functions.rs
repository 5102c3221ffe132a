//! The module's functions.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::cipher::Cipher;
use super::oneshot::crypt;
use super::options;
use crate::provider;
use crate::request::Direction;

/// Encrypt one message under a key that is used once.
///
/// It is ``Cipher(algorithm, key, provider=provider).encrypt(data, iv=iv, padding=padding)``
/// and raises what those raise. Every call sets the key up anew: make a Cipher for many.
#[pyfunction]
#[pyo3(signature = (algorithm, key, data, /, *, iv = None, padding = None, provider = None))]
pub(super) fn encrypt<'py>(
    py: Python<'py>,
    #[pyo3(from_py_with = options::algorithm)] algorithm: &str,
    key: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    iv: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = options::padding)] padding: Option<&str>,
    #[pyo3(from_py_with = options::provider)] provider: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    let cipher = Cipher::open(py, algorithm, key, provider)?;
    cipher.with(None, |spread| crypt(py, spread, Direction::Encrypt, data, iv, padding))
}

/// Decrypt one message under a key that is used once; see ``encrypt``.
#[pyfunction]
#[pyo3(signature = (algorithm, key, data, /, *, iv = None, padding = None, provider = None))]
pub(super) fn decrypt<'py>(
    py: Python<'py>,
    #[pyo3(from_py_with = options::algorithm)] algorithm: &str,
    key: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    iv: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = options::padding)] padding: Option<&str>,
    #[pyo3(from_py_with = options::provider)] provider: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    let cipher = Cipher::open(py, algorithm, key, provider)?;
    cipher.with(None, |spread| crypt(py, spread, Direction::Decrypt, data, iv, padding))
}

/// Say whether this process can open an AF_ALG socket now.
///
/// Asks the kernel each time and never raises. True does not promise an algorithm:
/// only making its Cipher tells.
#[pyfunction]
pub(super) fn is_available(py: Python<'_>) -> bool {
    py.detach(provider::is_available)
}
