//! PKCS#7 (RFC 5652, 6.3): a message gets one to `block` bytes, each of them their number.
//!
//! The kernel knows no padding, so it is put on before and taken off behind it; the modes that
//! have it are ecb, cbc and pcbc.

use crate::batch::Spread;
use crate::constraints::{Constraints, Continuation, bytes, check_room};
use crate::error::{Error, InputFault, Result};
use crate::request::{Direction, Hook, Iv, Request};
use crate::secret::Secret;
use crate::span::{In, Out};

/// Messages up to this size are copied, which is cheaper than a request for the last block; longer
/// ones are not, since a copy is a pass over the memory in which no signal is heard.
const SHORT: usize = 64 << 10;

/// How many bytes to add to `len`.
pub fn added(len: usize, block: usize) -> usize {
    block - len % block
}

/// Writes the padding of a message of `len` bytes, which ends where `tail` begins.
pub fn put(tail: &mut Out<'_>, len: usize, block: usize) {
    tail.fill(u8::try_from(added(len, block)).unwrap_or_default());
}

/// How many bytes of a decrypted message are its own. One error for every fault, and the same work
/// for each: which fault it is helps nobody but an attacker.
///
/// # Errors
/// [`Error::Padding`].
pub fn kept(message: &[u8], block: usize) -> Result<usize> {
    let last = message.get(message.len().saturating_sub(block)..).unwrap_or_default();
    let count = usize::from(last.last().copied().unwrap_or_default());
    let mut wrong = u8::from(count == 0 || count > last.len());
    for (at, byte) in last.iter().rev().enumerate() {
        wrong |= u8::from(at < count) & u8::from(usize::from(*byte) != count);
    }
    if wrong == 0 { Ok(message.len() - count) } else { Err(Error::Padding) }
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
        "data has {}, a padded message of {name} has a multiple of {block}, at least one",
        bytes(len)
    );
    Err(Error::input(InputFault::Length, text))
}

/// Encrypts `input` with its padding into `out`. A short message is copied there, padded and
/// encrypted in place, in one request; of a long one only the last block is copied.
///
/// # Errors
/// Which rule is broken, or what the kernel answered.
pub fn encrypt(
    spread: Spread<'_>,
    iv: &Iv,
    input: In<'_>,
    mut out: Out<'_>,
    hook: &mut Hook<'_>,
) -> Result<usize> {
    let (provider, block) = (spread.provider, spread.provider.constraints().sizes.block);
    let need = input.len() + added(input.len(), block);
    check_room(need, out.len())?;
    let at_once = need <= SHORT || provider.continuation(need) == Continuation::OneRequest;
    let whole = if at_once { 0 } else { input.len() - input.len() % block };
    let (body, rest) = input.split_at(whole);
    let (mut out_body, mut out_last) = out.borrow().part(0..need).split_at(whole);
    let (mut last, mut tail) = out_last.borrow().split_at(rest.len());
    last.copy_from(rest);
    put(&mut tail, input.len(), block);
    let (padded, output) = out_last.in_place(need - whole);
    let direction = Direction::Encrypt;
    let end = if at_once {
        provider.crypt(Request { direction, iv, input: padded, output }, hook).map(|_| ())
    } else if spread.goes_wide(direction, need) {
        // That is ecb alone, which has no IV that would go on behind the body.
        let request = Request { direction, iv, input: body, output: out_body.borrow() };
        let last = Request { direction, iv, input: padded, output };
        spread.crypt(request, hook).and_then(|_| provider.crypt(last, hook)).map(|_| ())
    } else {
        let mut message = provider.begin(direction, iv);
        message
            .advance(provider, body, out_body.borrow(), false, hook)
            .and_then(|()| message.advance(provider, padded, output, true, hook))
    };
    if end.is_err() {
        out.part(whole..need).fill(0); // the message, or its end, is still there in the clear
    }
    end.map(|()| need)
}

/// Decrypts a padded message into `out`, which is as long; gives how many bytes are the message's.
///
/// # Errors
/// Which rule is broken, wrong padding, or what the kernel answered.
pub fn decrypt(
    spread: Spread<'_>,
    iv: &Iv,
    input: In<'_>,
    mut out: Out<'_>,
    hook: &mut Hook<'_>,
) -> Result<usize> {
    let block = spread.provider.constraints().sizes.block;
    let (direction, output) = (Direction::Decrypt, out.borrow());
    let mut last = Secret::zeroed(block)?; // before there is a plaintext to be left behind
    spread.crypt(Request { direction, iv, input, output }, hook)?;
    out.as_in().split_at(input.len() - block).1.copy_to(last.bytes_mut());
    let kept = kept(last.bytes(), block);
    if kept.is_err() {
        out.fill(0);
    }
    kept.map(|kept| input.len() - block + kept)
}

/// The end of a long padded message, decrypted before the rest, so that the rest can go where it
/// belongs: the last block's IV is the block before it.
#[derive(Debug)]
pub struct Tail(Secret);

impl Tail {
    /// Decrypts the last block alone. `None` where that does not pay or the mode does not allow it.
    ///
    /// # Errors
    /// Wrong padding, or what the kernel answered.
    pub fn decrypt(
        Spread { provider, .. }: Spread<'_>,
        input: In<'_>,
        hook: &mut Hook<'_>,
    ) -> Result<Option<Self>> {
        let sizes = provider.constraints().sizes;
        if input.len() <= SHORT
            || !matches!(provider.continuation(input.len()), Continuation::Iv(_))
        {
            return Ok(None);
        }
        let (before, last) = input.split_at(input.len() - sizes.block);
        let (_, iv) = before.split_at(before.len() - sizes.iv);
        let mut plain = Secret::zeroed(sizes.block)?;
        let (direction, iv) = (Direction::Decrypt, &Iv::copy_of(iv).unwrap_or(Iv::EMPTY));
        provider.crypt(Request { direction, iv, input: last, output: plain.as_out() }, hook)?;
        plain.truncate(kept(plain.bytes(), sizes.block)?);
        Ok(Some(Self(plain)))
    }

    /// The length of the plaintext, for a ciphertext of `len` bytes.
    pub fn plain_len(&self, len: usize, block: usize) -> usize {
        len - block + self.0.len()
    }

    /// Decrypts the rest into `out` and puts the end behind it.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn finish(
        self,
        spread: Spread<'_>,
        iv: &Iv,
        input: In<'_>,
        out: Out<'_>,
        hook: &mut Hook<'_>,
    ) -> Result<usize> {
        let body = input.len() - spread.provider.constraints().sizes.block;
        let (output, mut end) = out.split_at(body);
        let (direction, input) = (Direction::Decrypt, input.split_at(body).0);
        spread.crypt(Request { direction, iv, input, output }, hook)?;
        end.copy_from(self.0.as_in());
        Ok(body + self.0.len())
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
            assert_eq!(kept(&block, 16), Ok(16 - count));
            assert_eq!(kept(&[&[9; 32][..], &block].concat(), 16), Ok(48 - count));
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
            assert_eq!(kept(&block, 16), Err(Error::Padding));
            assert_eq!(kept(&[&[200; 192][..], &block].concat(), 16), Err(Error::Padding));
        }
    }
}
