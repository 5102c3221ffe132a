//! One table from Rust's errors to Python's exceptions, whose classes live in `afalg/errors.py`.

use pyo3::exceptions::PyMemoryError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::error::{Error, InputFault, KeyFault};

mod classes {
    #![allow(missing_docs, reason = "documented in afalg/errors.py")]
    use pyo3::import_exception;
    use pyo3::prelude::*;

    macro_rules! classes {
        ($($name:ident)*) => {
            $( import_exception!(afalg.errors, $name); )*

            /// Looks all of them up. PyO3 does so at the first raise, and ends the process where it
            /// cannot: while Python ends, when a `__del__` may raise, nothing is imported any more.
            pub(in crate::python) fn look_up(py: Python<'_>) -> PyResult<()> {
                py.import("afalg.errors")?;
                $( py.get_type::<$name>(); )*
                Ok(())
            }
        };
    }
    classes! {
        AfalgError AlgorithmNotFoundError AlgorithmRestrictedError BufferOverlapError ClosedError
        InvalidInputError InvalidIVError InvalidKeyError InvalidLengthError InvalidPaddingError
        KernelError KeyExpiredError KeyNotFoundError KeyPermissionError KeyQuotaError
        KeyRevokedError KeyringError KeyringUnavailableError MessageTooLongError ProviderFallbackWarning
        SelfTestError StreamStateError UnavailableError
    }
}
pub(super) use classes::look_up;
#[allow(clippy::wildcard_imports, reason = "the module is this table's left column")]
use classes::*;

/// Whether it is that the kernel takes less than the message.
pub(super) fn is_too_long(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<MessageTooLongError>(py)
}

/// The category of the warning that userspace computes in the kernel's place.
pub(super) fn fallback_warning(py: Python<'_>) -> Bound<'_, PyAny> {
    py.get_type::<ProviderFallbackWarning>().into_any()
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Unavailable { errno, reason, .. } => {
                UnavailableError::new_err((message, errno.0, reason.code()))
            }
            Error::NotFound { algorithm, .. } => {
                AlgorithmNotFoundError::new_err((message, algorithm))
            }
            Error::Restricted { algorithm, .. } => {
                AlgorithmRestrictedError::new_err((message, algorithm))
            }
            Error::SelfTest { .. } => SelfTestError::new_err(message),
            Error::Input { fault, .. } => match fault {
                InputFault::Argument => InvalidInputError::new_err(message),
                InputFault::Key => InvalidKeyError::new_err(message),
                InputFault::Iv => InvalidIVError::new_err(message),
                InputFault::Length => InvalidLengthError::new_err(message),
                InputFault::TooLong => MessageTooLongError::new_err(message),
                InputFault::Overlap => BufferOverlapError::new_err(message),
            },
            Error::Keyring { fault, errno, .. } => of_keyring(fault, (message, errno.0)),
            Error::Memory { .. } => PyMemoryError::new_err(message),
            Error::Padding => InvalidPaddingError::new_err(message),
            Error::Closed => ClosedError::new_err(message),
            Error::StreamState { .. } | Error::Forked => StreamStateError::new_err(message),
            Error::Interrupted => AfalgError::new_err(message),
            Error::Kernel { refusal, .. } => {
                KernelError::new_err((message, refusal.errno.0, refusal.stage.name()))
            }
        }
    }
}

/// Whether it is one of this package's.
pub(super) fn is_ours(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<AfalgError>(py)
}

/// The same exception of one of many: `what` that is called, and its place, in the text and as
/// `index`. Others' exceptions stay as they are.
pub(super) fn in_batch(py: Python<'_>, error: PyErr, what: &str, index: usize) -> PyErr {
    if !is_ours(py, &error) {
        return error;
    }
    let value = error.value(py);
    let marked = value.getattr(intern!(py, "args")).and_then(|args| {
        let mut args: Vec<Bound<'_, PyAny>> = args.extract()?;
        if let Some(text) = args.first_mut() {
            *text = format!("{what} {index}: {text}").into_pyobject(py)?.into_any();
        }
        value.setattr(intern!(py, "args"), PyTuple::new(py, args)?)?;
        value.setattr(intern!(py, "index"), index)
    });
    marked.map_or_else(|other| other, |()| error)
}

fn of_keyring(fault: KeyFault, (message, errno): (String, i32)) -> PyErr {
    let facts = (message, errno, fault.code());
    match fault {
        KeyFault::NotFound => KeyNotFoundError::new_err(facts),
        KeyFault::Expired => KeyExpiredError::new_err(facts),
        KeyFault::Revoked => KeyRevokedError::new_err(facts),
        KeyFault::NotPermitted => KeyPermissionError::new_err(facts),
        KeyFault::Quota => KeyQuotaError::new_err(facts),
        KeyFault::Denied | KeyFault::NoKeyrings | KeyFault::NoType | KeyFault::TooOld => {
            KeyringUnavailableError::new_err(facts)
        }
        KeyFault::Changing => KeyringError::new_err(facts),
    }
}
