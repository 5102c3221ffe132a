//! What the doctor may do to find out: read, list, and ask the kernel. The seam for its tests.

use std::fs;
use std::path::Path;

use crate::algorithm::{AlgType, Algorithm};
use crate::error::Errno;
use crate::kernel::{self, AfAlg, OpenTo};
use crate::keyring;
use crate::process::Process;

/// A machine, seen from this process.
pub trait Probe {
    /// A file's text; `None` where it cannot be read.
    fn read(&self, path: &str) -> Option<String>;

    /// The names in a folder, sorted; none where it cannot be listed.
    fn list(&self, folder: &str) -> Vec<String>;

    /// Whether there is such a file or folder.
    fn exists(&self, path: &str) -> bool;

    /// `socket(AF_ALG)`.
    ///
    /// # Errors
    /// What it answered.
    fn socket(&self) -> Result<(), Errno>;

    /// `bind`, and who else may.
    ///
    /// # Errors
    /// What it answered.
    fn bind(&self, kind: AlgType, name: &str) -> Result<OpenTo, Errno>;

    /// Whether keyrings answer.
    ///
    /// # Errors
    /// What keyctl answered.
    fn keyrings(&self) -> Result<(), Errno>;

    /// Whether ciphers take keys from keyrings; `None` where there is no socket to ask.
    fn takes_serials(&self) -> Option<bool>;

    /// How many keys this user has, and may have.
    fn quota(&self) -> Option<String>;

    /// How many bytes one request carries, where a cipher can be bound to ask it of.
    fn largest_request(&self) -> Option<usize>;
}

impl dyn Probe + '_ {
    /// A file of one line; `None` where it is empty, too.
    pub(super) fn line(&self, path: &str) -> Option<String> {
        let text = self.read(path)?;
        let line = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!line.is_empty()).then(|| line.to_owned())
    }

    /// A file of one number.
    pub(super) fn number(&self, path: &str) -> Option<u64> {
        self.line(path)?.parse().ok()
    }
}

/// This machine.
#[derive(Debug)]
pub struct Machine<'a>(pub &'a Process);

impl Probe for Machine<'_> {
    fn read(&self, path: &str) -> Option<String> {
        // A FIFO among modprobe's files would have us wait for a writer.
        let regular = fs::metadata(path).is_ok_and(|found| found.is_file());
        let bytes = regular.then(|| fs::read(path).ok())??;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<_> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    fn exists(&self, path: &str) -> bool {
        Path::new(path).exists()
    }

    fn socket(&self) -> Result<(), Errno> {
        kernel::try_socket()
    }

    fn bind(&self, kind: AlgType, name: &str) -> Result<OpenTo, Errno> {
        let algorithm = Algorithm::new(name).map_err(|_| kernel::errno::EINVAL)?;
        kernel::try_bind(&AfAlg, kind, &algorithm).map_err(|refusal| refusal.errno)
    }

    fn keyrings(&self) -> Result<(), Errno> {
        keyring::try_keyrings()
    }

    fn takes_serials(&self) -> Option<bool> {
        kernel::takes_serials(&AfAlg)
    }

    fn quota(&self) -> Option<String> {
        keyring::quota()
    }

    fn largest_request(&self) -> Option<usize> {
        let whole = Algorithm::new(AlgType::Skcipher.usual().first()?).ok()?;
        kernel::examine(self.0, &AfAlg, AlgType::Skcipher, &whole).ok()?.max_message
    }
}
