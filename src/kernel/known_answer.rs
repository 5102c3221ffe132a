//! One known answer before an algorithm of the kernel is trusted: drivers of hardware have shipped
//! that give wrong bytes and no error. Once per name and process, on a tfm of its own, with a
//! figure that was published.

use std::sync::Arc;

use super::transport::Transport;
use super::{KernelCipher, bind, errno};
use crate::algorithm::Algorithm;
use crate::constraints::Constraints;
use crate::error::{Errno, Error, InputFault, Result};
use crate::figures::{self, Figure};
use crate::key::Key;
use crate::process::{Process, Verdict};
use crate::request::{Direction, Iv, Request};
use crate::span::{In, Out};

/// Asks the algorithm, unless it has been asked before.
///
/// # Errors
/// [`Error::SelfTest`] where its answer is wrong; why the kernel does not serve it; or that it
/// could not be asked now, for want of memory or descriptors.
pub fn trust<T: Transport>(
    process: &Process,
    transport: &T,
    algorithm: &Algorithm,
) -> Result<Verdict> {
    let name = algorithm.as_str();
    let answer = if let Some(known) = process.answers.of(name) {
        known
    } else {
        let answer = ask(process, transport, algorithm)?;
        process.answers.remember(name, &answer);
        answer
    };
    match answer {
        Verdict::Wrong(text) => Err(Error::SelfTest { text: text.to_string() }),
        other => Ok(other),
    }
}

fn ask<T: Transport>(process: &Process, transport: &T, algorithm: &Algorithm) -> Result<Verdict> {
    let (tfm, constraints) = bind(process, transport, algorithm)?;
    let figure = figures::of(constraints.generic.as_str()).filter(|_| T::COMPUTES);
    let Some(figure) = figure else { return Ok(Verdict::NotAsked) };
    let key = Key::Bytes(In::from_slice(&figure.key));
    let cipher = match KernelCipher::keyed(process, transport, tfm, constraints.clone(), key) {
        Ok(cipher) => cipher,
        // It may well take others: some hardware has one key size.
        Err(Error::Input { fault: InputFault::Key, .. }) => return Ok(Verdict::NotAsked),
        Err(error) => return Err(failed(&constraints, error)),
    };
    match right(&cipher, &figure) {
        Ok(true) => Ok(Verdict::Right),
        Ok(false) => {
            Ok(Verdict::Wrong(broken(&constraints, "gives wrong bytes for a published message")))
        }
        Err(error) => Err(failed(&constraints, error)),
    }
}

/// Whether the figure comes out, in both directions.
fn right<T: Transport>(cipher: &KernelCipher<T>, figure: &Figure) -> Result<bool> {
    let Figure { plain, cipher: sealed, .. } = figure;
    let iv = Iv::joined(&[&figure.iv]).unwrap_or(Iv::EMPTY);
    let comes_out = |direction, from: &[u8], to: &Vec<u8>| {
        let mut result = vec![0; from.len()];
        let (input, output) = (In::from_slice(from), Out::from_slice(&mut result));
        cipher.crypt(Request { direction, iv: &iv, input, output }, &mut || false)?;
        Ok(result == *to)
    };
    Ok(comes_out(Direction::Encrypt, plain, sealed)?
        && comes_out(Direction::Decrypt, sealed, plain)?)
}

/// A driver that cannot compute at all is as little to be trusted, though it is asked again next
/// time. What passes, and what is not the driver's, stays what it is.
fn failed(constraints: &Constraints, error: Error) -> Error {
    const PASSES: [Errno; 4] = [errno::ENOMEM, errno::ENOBUFS, errno::EMFILE, errno::ENFILE];
    match &error {
        Error::Kernel { refusal, .. } if !PASSES.contains(&refusal.errno) => {
            let what = format!("fails at a published message ({error})");
            Error::SelfTest { text: broken(constraints, &what).to_string() }
        }
        _ => error,
    }
}

fn broken(constraints: &Constraints, what: &str) -> Arc<str> {
    let driver = constraints.driver.as_deref().unwrap_or("unknown");
    let name = &constraints.algorithm;
    let text = format!(
        "the kernel's {name} (driver {driver}) {what} and is not used; unload or replace the \
         driver and start the program again, or have another provider compute \
         (provider=\"userspace\")"
    );
    text.into()
}
