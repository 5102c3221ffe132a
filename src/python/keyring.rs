//! `afalg.KeyringKey`: a key of the kernel's keyrings.

use std::time::SystemTime;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString, PyType};

use super::buffer::InBuffer;
use super::detach::detached;
use super::options;
use crate::error::{Error, InputFault};
use crate::key::Serial;
use crate::keyring::{self, Named, Ring};
use crate::provider::GivenKey;

/// A key that lives in a keyring of the kernel, by its serial.
///
/// Give it in place of a key's bytes: the kernel hands them from the keyring to its
/// cipher (ALG_SET_KEY_BY_KEY_SERIAL, Linux 6.2), and they are never in this process.
/// With it a Cipher is the kernel's or an error; there is no falling back to userspace.
/// A Cipher keeps its own copy in the kernel: it goes on when the key expires or is
/// revoked, and only a new one is refused.
///
/// It holds numbers and names, no secret: pickle it, or pass the serial, to use the key
/// in another process that its permissions or keyrings let use it.
///
/// The keyrings of threads, processes and sessions are the calling thread's to the
/// kernel (credentials(7)): one that a thread is the first to use is not seen by threads
/// that run already.
#[pyclass(frozen, module = "afalg")]
pub(super) struct KeyringKey(keyring::KeyringKey);

impl KeyringKey {
    fn named(&self) -> Option<&Named> {
        self.0.named()
    }
}

#[pymethods]
impl KeyringKey {
    #[new]
    #[pyo3(signature = (serial, /))]
    fn new(py: Python<'_>, #[pyo3(from_py_with = serial)] serial: Serial) -> PyResult<Self> {
        detached(py, |_| keyring::KeyringKey::of(serial)).map(Self)
    }

    /// Look for a key by type and description.
    ///
    /// Args:
    ///     type: "user", "logon", "encrypted", "trusted", or another type of the kernel's.
    ///     description: what its owner called it, the whole of it.
    ///     keyring: where to look, and in what that links: "thread", "process", "session",
    ///         "user", "user-session", "persistent", or another keyring's serial or
    ///         KeyringKey. None: in the thread's, the process's and the session's.
    ///         Most keys may be used by those alone to whom a keyring of theirs leads, and
    ///         the user's is not in every session: the KeyringKey keeps the keyring that was
    ///         named, and links it into the thread's for the moment of each use.
    ///
    /// Raises:
    ///     KeyNotFoundError: it is not there.
    ///     KeyPermissionError: it or the keyring may not be searched by this process.
    ///     KeyExpiredError, KeyRevokedError, KeyringUnavailableError: as for KeyringKey.
    ///     InvalidInputError: ``keyring`` is no such.
    #[classmethod]
    #[pyo3(signature = (r#type, description, /, *, keyring = None))]
    fn find(
        _class: &Bound<'_, PyType>,
        py: Python<'_>,
        #[pyo3(from_py_with = options::key_type)] r#type: &str,
        #[pyo3(from_py_with = options::description)] description: &str,
        #[pyo3(from_py_with = ring_or_none)] keyring: Option<Ring>,
    ) -> PyResult<Self> {
        detached(py, |_| keyring::KeyringKey::find(r#type, description, keyring)).map(Self)
    }

    /// Add a key to a keyring; or give the user or logon key of that name there new bytes.
    ///
    /// The kernel copies the payload out of the caller's buffer, and nothing of it is
    /// kept here: pass a bytearray and wipe it.
    ///
    /// Args:
    ///     type: "user"; "logon", whose bytes keyctl gives nobody; "encrypted" or
    ///         "trusted", which the kernel makes, where it has them (keyctl(2), and
    ///         Documentation/security/keys/trusted-encrypted.rst).
    ///     description: its name, at most 4095 bytes; a logon key's begins with a service
    ///         and a colon.
    ///     payload: the key itself, 1 to 32767 bytes, of which a cipher wants its key's
    ///         size; for "encrypted" and "trusted" a command: b"new user:MASTER 32".
    ///     keyring: where to, as for ``find``; None: "session", which ends with the session,
    ///         or with this process and its children where there was none. "user" lasts
    ///         until the machine is switched off: give its keys a timeout.
    ///     timeout: after so many seconds it expires; None: never.
    ///
    /// Raises:
    ///     KeyQuotaError: the user may have no more keys, or bytes of them.
    ///     KeyPermissionError: the keyring may not be written to.
    ///     KeyNotFoundError: the keyring is not there, or an encrypted key's master key.
    ///     KeyringUnavailableError: this process may not use keyrings, or the kernel does
    ///         not have the type.
    ///     InvalidKeyError: the payload is empty or too long.
    ///     InvalidInputError: the kernel takes no such type, description or payload; or an
    ///         encrypted or trusted key of that name is there already.
    #[classmethod]
    #[pyo3(signature = (r#type, description, payload, /, *, keyring = None, timeout = None))]
    fn add(
        _class: &Bound<'_, PyType>,
        py: Python<'_>,
        #[pyo3(from_py_with = options::key_type)] r#type: &str,
        #[pyo3(from_py_with = options::description)] description: &str,
        payload: &Bound<'_, PyAny>,
        #[pyo3(from_py_with = ring_or_none)] keyring: Option<Ring>,
        #[pyo3(from_py_with = seconds)] timeout: Option<u32>,
    ) -> PyResult<Self> {
        let payload = InBuffer::get(payload, "payload")?;
        let bytes = payload.span();
        let ring = keyring.unwrap_or(Ring::Special(keyring::Special::Session));
        let add = || keyring::KeyringKey::add(r#type, description, bytes, ring, timeout);
        detached(py, |_| add()).map(Self)
    }

    /// List the keys that this process may view and ciphers can take, as /proc/keys does.
    ///
    /// Raises:
    ///     KeyPermissionError: /proc/keys cannot be read.
    #[classmethod]
    #[pyo3(signature = ())]
    fn listed(_class: &Bound<'_, PyType>, py: Python<'_>) -> PyResult<Vec<Self>> {
        Ok(detached(py, |_| keyring::listed())?.into_iter().map(Self).collect())
    }

    /// The kernel's number for it, until the next boot.
    #[getter]
    const fn serial(&self) -> i32 {
        self.0.serial().0
    }

    /// Its type, "logon" or another; None where the key may not be viewed.
    #[getter]
    fn r#type(&self) -> Option<&str> {
        self.named().map(|named| &*named.kind)
    }

    /// What its owner called it; None where the key may not be viewed.
    #[getter]
    fn description(&self) -> Option<&str> {
        self.named().map(|named| &*named.description)
    }

    /// The user id of its owner now. Raises as KeyringKey, or KeyPermissionError.
    #[getter]
    fn uid(&self, py: Python<'_>) -> PyResult<u32> {
        Ok(detached(py, |_| self.0.facts())?.user)
    }

    /// The group id that it has now. Raises as KeyringKey, or KeyPermissionError.
    #[getter]
    fn gid(&self, py: Python<'_>) -> PyResult<u32> {
        Ok(detached(py, |_| self.0.facts())?.group)
    }

    /// Who may do what with it now. Raises as KeyringKey, or KeyPermissionError.
    #[getter]
    fn permissions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let mask = detached(py, |_| self.0.facts())?.permissions;
        py.import("afalg.permissions")?.getattr("KeyPermission")?.call1((mask,))
    }

    /// When it expires, a datetime in UTC; None: never.
    ///
    /// To the second where this object has set it. Else the earliest that it can be:
    /// /proc/keys tells whole minutes, hours, days or weeks from now, rounded down.
    /// Raises as KeyringKey, or KeyPermissionError where /proc/keys does not tell.
    #[getter]
    fn expires<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(moment) = detached(py, |_| self.0.expires())? else { return Ok(None) };
        let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let datetime = py.import("datetime")?;
        let utc = datetime.getattr("UTC")?;
        datetime.getattr("datetime")?.call_method1("fromtimestamp", (since, utc)).map(Some)
    }

    /// Say who may do what with it: KeyPermission's flags, of which none is added by itself.
    ///
    /// Raises:
    ///     KeyPermissionError: it does not let this process (setattr).
    ///     InvalidInputError: there are no such flags.
    #[pyo3(signature = (permissions, /))]
    fn set_permissions(&self, py: Python<'_>, permissions: &Bound<'_, PyAny>) -> PyResult<()> {
        let mask = whole_number(permissions, "permissions", "a KeyPermission")?;
        let mask = u32::try_from(mask).map_err(|_| beyond("permissions", mask, 0, 0x3f3f_3f3f))?;
        detached(py, |_| self.0.set_permissions(mask))
    }

    /// Let it expire so many seconds from now; None: never.
    ///
    /// Raises:
    ///     KeyPermissionError: it does not let this process (setattr).
    ///     InvalidInputError: the count is not 1 to 4294967295.
    #[pyo3(signature = (seconds, /))]
    fn set_timeout(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = seconds)] seconds: Option<u32>,
    ) -> PyResult<()> {
        detached(py, |_| self.0.set_timeout(seconds))
    }

    /// Make it useless for everybody, at once and for good.
    ///
    /// A Cipher that has taken it before goes on: close that.
    ///
    /// Raises:
    ///     KeyPermissionError: it does not let this process (write or setattr).
    #[pyo3(signature = ())]
    fn revoke(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, |_| self.0.revoke())
    }

    /// Link it into a keyring: processes that have that possess the key then.
    ///
    /// Args:
    ///     keyring: as for ``find``.
    ///
    /// Raises:
    ///     KeyPermissionError: it does not let this process (link), or the keyring does
    ///         not (write).
    #[pyo3(signature = (keyring, /))]
    fn link(&self, py: Python<'_>, #[pyo3(from_py_with = ring)] keyring: Ring) -> PyResult<()> {
        detached(py, |_| self.0.link(keyring))
    }

    /// Take it out of a keyring; the kernel forgets a key that is in none.
    ///
    /// Args:
    ///     keyring: as for ``find``. None: each keyring of this thread, process, session
    ///         and user that has it directly.
    ///
    /// Raises:
    ///     KeyNotFoundError: it is not there.
    ///     KeyPermissionError: the keyring may not be written to.
    #[pyo3(signature = (keyring = None, /))]
    fn unlink(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = ring_or_none)] keyring: Option<Ring>,
    ) -> PyResult<()> {
        detached(py, |_| self.0.unlink(keyring))
    }

    #[classmethod]
    fn _restore(
        _class: &Bound<'_, PyType>,
        py: Python<'_>,
        #[pyo3(from_py_with = serial)] serial: Serial,
        names: Option<(String, String)>,
        #[pyo3(from_py_with = ring_or_none)] keyring: Option<Ring>,
        boot: &str,
    ) -> PyResult<Self> {
        let then = names.map(|(kind, description)| Named { kind, description });
        let restore = || keyring::KeyringKey::restore(serial, then.as_ref(), keyring, boot);
        detached(py, |_| restore()).map(Self)
    }

    fn __reduce__<'py>(this: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Pickled<'py>)> {
        let (key, class) = (this.get(), this.get_type());
        let names = key.named().map(|named| (&*named.kind, &*named.description));
        let names = names.into_pyobject(this.py())?;
        let ring = match key.0.ring() {
            Some(Ring::Key(Serial(serial))) => serial.into_pyobject(this.py())?.into_any(),
            other => other.and_then(Ring::name).into_pyobject(this.py())?,
        };
        Ok((class.getattr("_restore")?, (key.serial(), names, ring, keyring::boot_id()?)))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().serial() == self.serial())
    }

    fn __hash__(&self) -> isize {
        self.serial() as isize
    }

    fn __repr__(&self) -> String {
        match self.named() {
            Some(Named { kind, description }) => {
                format!("KeyringKey({}, {kind} {description:?})", self.serial())
            }
            None => format!("KeyringKey({})", self.serial()),
        }
    }
}

/// Serial, names, the keyring that was named, and the boot.
type Pickled<'py> = (i32, Bound<'py, PyAny>, Bound<'py, PyAny>, String);

/// What may be given for a key: bytes, or one of a keyring.
pub(super) enum AnyKey<'a, 'py> {
    Bytes(InBuffer<'a, 'py>),
    InKeyring(&'a keyring::KeyringKey),
}

impl<'a, 'py> AnyKey<'a, 'py> {
    /// # Errors
    /// TypeError for what is neither.
    pub(super) fn get(object: &'a Bound<'py, PyAny>) -> PyResult<Self> {
        match object.cast::<KeyringKey>() {
            Ok(key) => Ok(Self::InKeyring(&key.get().0)),
            Err(_) => Ok(Self::Bytes(InBuffer::get(object, "key")?)),
        }
    }

    pub(super) fn given(&self) -> GivenKey<'_> {
        match self {
            Self::Bytes(bytes) => GivenKey::Bytes(bytes.span()),
            Self::InKeyring(key) => GivenKey::InKeyring(key),
        }
    }
}

fn whole_number(object: &Bound<'_, PyAny>, name: &str, or: &str) -> PyResult<i128> {
    if !object.is_instance_of::<PyInt>() || object.is_instance_of::<PyBool>() {
        let kind = object.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string());
        return Err(PyTypeError::new_err(format!("{name} is of type {kind}, it must be {or}")));
    }
    // What is larger is as much too large.
    let beyond = if object.lt(0)? { i128::MIN } else { i128::MAX };
    Ok(object.extract().unwrap_or(beyond))
}

fn beyond(name: &str, found: i128, least: u32, most: u32) -> PyErr {
    let found = match found {
        i128::MAX => "far more".to_owned(),
        i128::MIN => "far less".to_owned(),
        _ => found.to_string(),
    };
    let hint = match name {
        "serial" | "keyring" => {
            "; the kernel's own keyrings have names here, \"session\" and others"
        }
        _ => "",
    };
    let text = format!("{name} is {found}, it must be {least} to {most}{hint}");
    Error::input(InputFault::Argument, text).into()
}

fn serial_of(object: &Bound<'_, PyAny>, name: &str, or: &str) -> PyResult<Serial> {
    const LARGEST: u32 = 0x7fff_ffff;
    let number = whole_number(object, name, or)?;
    match i32::try_from(number) {
        Ok(serial @ 1..) => Ok(Serial(serial)),
        _ => Err(beyond(name, number, 1, LARGEST)),
    }
}

fn serial(object: &Bound<'_, PyAny>) -> PyResult<Serial> {
    serial_of(object, "serial", "an int")
}

fn seconds(object: &Bound<'_, PyAny>) -> PyResult<Option<u32>> {
    if object.is_none() {
        return Ok(None);
    }
    let number = whole_number(object, "timeout", "an int, of seconds, or None")?;
    u32::try_from(number).map(Some).map_err(|_| beyond("timeout", number, 1, u32::MAX))
}

/// A keyring: a name, a serial, or a KeyringKey that is one.
fn ring(object: &Bound<'_, PyAny>) -> PyResult<Ring> {
    if let Ok(word) = object.cast::<PyString>() {
        return Ok(Ring::parse(&word.to_string_lossy())?);
    }
    if let Ok(key) = object.cast::<KeyringKey>() {
        return Ok(Ring::Key(key.get().0.serial()));
    }
    let or = "a str, an int or a KeyringKey";
    Ok(Ring::Key(serial_of(object, "keyring", or)?))
}

fn ring_or_none(object: &Bound<'_, PyAny>) -> PyResult<Option<Ring>> {
    if object.is_none() { Ok(None) } else { ring(object).map(Some) }
}
