//! PKCS#7 (RFC 5652, 6.3): a message gets one to `block` bytes, each of them their number.
//!
//! The kernel knows no padding, so it is put on before and taken off behind it; the modes that
//! have it are ecb, cbc and pcbc.

use crate::constraints::{Constraints, Continuation, check_room};
use crate::error::{Error, InputFault, Result};
use crate::provider::Provider;
use crate::request::{Direction, Hook, Iv, Request};
use crate::secret::Secret;
use crate::span::{In, Out};

/// Ciphertexts up to this size are decrypted aside and copied: cheaper than a request of its own
/// for the last block.
const ASIDE: usize = 64 << 10;

/// How many bytes to add to `len`.
pub fn added(len: usize, block: usize) -> usize {
    block - len % block
}

/// Writes the padding of a message of `len` bytes, which ends where `tail` begins.
pub fn put(tail: &mut Out<'_>, len: usize, block: usize) {
    tail.fill(u8::try_from(added(len, block)).unwrap_or_default());
}

/// How many bytes of a decrypted last block are the message's. One error for every fault, and the
/// same work for each: which fault it is helps nobody but an attacker.
///
/// # Errors
/// [`Error::Padding`].
pub fn kept(block: &[u8]) -> Result<usize> {
    let size = block.len();
    let count = usize::from(block.last().copied().unwrap_or_default());
    let mut wrong = u8::from(count == 0 || count > size);
    for (at, byte) in block.iter().rev().enumerate() {
        wrong |= u8::from(at < count) & u8::from(usize::from(*byte) != count);
    }
    if wrong == 0 { Ok(size - count) } else { Err(Error::Padding) }
}

/// Checks the length of a padded ciphertext: one block or more, all whole.
///
/// # Errors
/// [`Error::Input`] with [`InputFault::Length`].
pub fn check_padded(constraints: &Constraints, len: usize) -> Result<()> {
    let (name, block) = (&constraints.algorithm, constraints.sizes.block);
    if len > 0 && len.is_multiple_of(block) {
        return Ok(());
    }
    let text = format!(
        "data has {len} bytes, a padded message of {name} has a multiple of {block}, at least one"
    );
    Err(Error::input(InputFault::Length, text))
}

/// Encrypts `input` with its padding into `out`: copied there, padded, encrypted in place.
///
/// # Errors
/// Which rule is broken, or what the kernel answered.
pub fn encrypt(
    provider: &Provider,
    iv: &Iv,
    input: In<'_>,
    mut out: Out<'_>,
    hook: &mut Hook<'_>,
) -> Result<usize> {
    let block = provider.constraints().sizes.block;
    let need = input.len() + added(input.len(), block);
    check_room(need, out.len())?;
    let (mut body, tail) = out.borrow().split_at(input.len());
    body.copy_from(input);
    put(&mut tail.split_at(need - input.len()).0, input.len(), block);
    let direction = Direction::Encrypt;
    let (input, output) = out.in_place(need);
    let end = provider.crypt(Request { direction, iv, input, output }, hook);
    if end.is_err() {
        out.fill(0); // the message is still there in the clear
    }
    end
}

/// A padded ciphertext of which the length of the plaintext is known.
#[derive(Debug)]
pub enum Unpadded {
    /// All of it, decrypted aside.
    Aside(Secret),
    /// The message's bytes out of the last block; the blocks before it are still to be decrypted.
    Tail(Secret),
}

/// Decrypts as much as it takes to know the length of the plaintext: where the mode allows it the
/// last block alone (its IV is the block before it), so that the rest can go where it belongs.
///
/// # Errors
/// Which rule is broken, wrong padding, or what the kernel answered.
pub fn begin_decrypt(
    provider: &Provider,
    iv: &Iv,
    input: In<'_>,
    hook: &mut Hook<'_>,
) -> Result<Unpadded> {
    let constraints = provider.constraints();
    check_padded(constraints, input.len())?;
    let block = constraints.sizes.block;
    let at_once = input.len() <= ASIDE || !matches!(provider.continuation(), Continuation::Iv(_));
    if at_once {
        let mut all = decrypted(provider, iv, input, hook)?;
        let body = input.len() - block;
        let kept = kept(all.bytes().get(body..).unwrap_or_default())?;
        all.truncate(body + kept);
        return Ok(Unpadded::Aside(all));
    }
    let (before, last) = input.split_at(input.len() - block);
    let last_iv = match constraints.sizes.iv {
        0 => Some(Iv::EMPTY),
        size => Iv::copy_of(before.split_at(before.len() - size).1),
    };
    let mut tail = decrypted(provider, &last_iv.unwrap_or(Iv::EMPTY), last, hook)?;
    let kept = kept(tail.bytes())?;
    tail.truncate(kept);
    Ok(Unpadded::Tail(tail))
}

fn decrypted(provider: &Provider, iv: &Iv, input: In<'_>, hook: &mut Hook<'_>) -> Result<Secret> {
    let mut plain = Secret::zeroed(input.len());
    let (direction, output) = (Direction::Decrypt, plain.as_out());
    provider.crypt(Request { direction, iv, input, output }, hook)?;
    Ok(plain)
}

impl Unpadded {
    /// The length of the plaintext, for a ciphertext of `len` bytes.
    pub fn len(&self, len: usize, block: usize) -> usize {
        match self {
            Self::Aside(all) => all.len(),
            Self::Tail(tail) => len - block + tail.len(),
        }
    }

    /// Puts the plaintext into `out`.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn finish(
        self,
        provider: &Provider,
        iv: &Iv,
        input: In<'_>,
        mut out: Out<'_>,
        hook: &mut Hook<'_>,
    ) -> Result<usize> {
        let all = match self {
            Self::Aside(all) => all,
            Self::Tail(tail) => {
                let body = input.len() - provider.constraints().sizes.block;
                let (before, mut behind) = out.split_at(body);
                let (direction, input) = (Direction::Decrypt, input.split_at(body).0);
                let request = Request { direction, iv, input, output: before };
                provider.crypt(request, hook)?;
                behind.copy_from(tail.as_in());
                return Ok(body + tail.len());
            }
        };
        out.copy_from(all.as_in());
        Ok(all.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_taken_off_again() {
        for len in 0..40 {
            let count = added(len, 16);
            assert!((1..=16).contains(&count) && (len + count).is_multiple_of(16));
            let mut block = [7_u8; 16];
            put(&mut Out::from_slice(&mut block[16 - count..]), len, 16);
            assert_eq!(kept(&block), Ok(16 - count));
        }
    }

    #[test]
    fn every_fault_is_the_same_fault() {
        let mut faults = vec![[0; 16], [17; 16], [255; 16]];
        for at in 12..15 {
            let mut block = [4; 16];
            block[at] = 5;
            faults.push(block);
        }
        for block in faults {
            assert_eq!(kept(&block), Err(Error::Padding));
        }
    }
}
