//! The Linux kernel's crypto (AF_ALG) for Python. Modules in the order of a call; no logic here.
//!
//! A request goes down from [`python`](#) through `stream` and `provider` to a provider, the
//! kernel's runs it over `sys`, and the result comes back up the same way. DESIGN.md has the map.

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
compile_error!("afalg is for 64-bit Linux");

#[cfg(not(panic = "unwind"))]
compile_error!("afalg wipes its secrets in a panic too, which has to unwind for that");

#[cfg(feature = "python")]
mod python;

pub mod batch;
pub mod catalogue;
pub mod doctor;
pub mod kernel;
pub mod keyring;
pub mod padding;
pub mod provider;
pub mod stream;
mod sys;
pub mod turn;
pub mod userspace;

// The words that everyone uses.
pub mod algorithm;
pub mod constraints;
pub mod error;
pub mod figures;
pub mod key;
pub mod process;
pub mod request;
pub mod secret;
pub mod span;
