//! The binding: the only place that names pyo3. The whole surface is on this screen.

mod batch;
mod buffer;
mod catalogue;
mod cipher;
mod detach;
mod doctor;
mod errors;
mod fallback;
mod functions;
mod interpreter;
mod keyring;
mod many;
mod oneshot;
mod options;
mod stream;

use std::sync::LazyLock;

use crate::process::Process;

/// What this process knows; passed down from here, reached from nowhere else.
static PROCESS: LazyLock<Process> = LazyLock::new(Process::default);

#[pyo3::pymodule]
mod _afalg {
    use std::sync::LazyLock;

    use pyo3::prelude::*;

    #[pymodule_export]
    use super::catalogue::{algorithms, info};
    #[pymodule_export]
    use super::cipher::Cipher;
    #[pymodule_export]
    use super::doctor::doctor;
    #[pymodule_export]
    use super::functions::{decrypt, encrypt, is_available};
    #[pymodule_export]
    use super::keyring::KeyringKey;
    #[pymodule_export]
    use super::stream::Stream;

    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "Python's spelling")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// Nothing may be set up for the first time in a forked child: a lock of its parent's time may
    /// be held for ever.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::interpreter::check_only(module.py())?;
        super::errors::look_up(module.py())?;
        super::options::environ(module.py())?;
        crate::provider::watch_forks();
        LazyLock::force(&super::PROCESS);
        Ok(())
    }
}
