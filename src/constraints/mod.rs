//! What an algorithm asks of keys, IVs and lengths, and how its messages go on. Pure.
//!
//! The sizes come from /proc/crypto (or the built-in table), the rules from the mode's name; every
//! check is made before the kernel is asked, since it answers EINVAL to all of them and has then
//! consumed the data (`skcipher_recvmsg`).

mod keys;
mod modes;
mod names;

use crate::algorithm::Algorithm;
use crate::error::{Error, InputFault, Result};
use crate::request::{Direction, Iv, MAX_IV, Request};
use crate::span::Overlap;

pub use keys::KeySizes;
use modes::End;
pub use modes::{
    BUILT_IN_NAMES, Continuation, Counter, LengthRule, NextIv, Sibling, is_block_cipher,
    type_by_name,
};
pub use names::{mistaken, of_another_type, suggestion, without_mode};

/// The sizes in bytes that /proc/crypto gives for a skcipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// `blocksize`.
    pub block: usize,
    /// `chunksize`: where a message may be cut.
    pub chunk: usize,
    /// `ivsize`.
    pub iv: usize,
    /// `min keysize`.
    pub min_key: usize,
    /// `max keysize`.
    pub max_key: usize,
}

/// Everything about one algorithm that is known before a message is sent.
#[derive(Debug)]
pub struct Constraints {
    /// The name that was bound.
    pub algorithm: Algorithm,
    /// The name that the driver implements: the same, but for a driver bound by its own name.
    pub generic: Algorithm,
    /// The driver that /proc/crypto names.
    pub driver: Option<String>,
    /// Its sizes.
    pub sizes: Sizes,
    /// The key sizes it takes.
    pub keys: KeySizes,
    /// The lengths it takes.
    pub length: LengthRule,
    /// How a message goes on past one kernel request.
    pub continuation: Continuation,
    /// Where its block counter ends.
    end: End,
}

impl Constraints {
    /// Derives the rules. `generic` is the name that the driver implements: the bound name itself,
    /// or what /proc/crypto says where a driver was bound by its own.
    ///
    /// # Errors
    /// [`Error::Input`] where the IV is larger than any that is known.
    pub fn derive(
        algorithm: &Algorithm,
        generic: &str,
        driver: Option<String>,
        sizes: Sizes,
    ) -> Result<Self> {
        if sizes.iv > MAX_IV {
            let text = format!("{algorithm} has an iv of {} bytes, more than {MAX_IV}", sizes.iv);
            return Err(Error::input(InputFault::Argument, text));
        }
        Ok(Self {
            algorithm: algorithm.clone(),
            generic: Algorithm::new(generic)?,
            driver,
            sizes,
            keys: KeySizes::derive(generic, sizes),
            length: LengthRule::derive(generic, sizes),
            continuation: Continuation::derive(generic, sizes),
            end: End::derive(generic, sizes),
        })
    }

    /// The sizes of a well-known algorithm, for machines whose /proc/crypto cannot be read.
    pub fn built_in(algorithm: &Algorithm) -> Option<Result<Self>> {
        let sizes = modes::built_in_sizes(algorithm.as_str())?;
        Some(Self::derive(algorithm, algorithm.as_str(), None, sizes))
    }

    /// Whether messages, IVs and places to cut are of the same sizes.
    pub fn is_like(&self, other: &Self) -> bool {
        let sizes = |rules: &Self| (rules.sizes.block, rules.sizes.chunk, rules.sizes.iv);
        sizes(self) == sizes(other) && self.length == other.length
    }

    /// Checks a key's length.
    ///
    /// # Errors
    /// [`Error::Input`] with [`InputFault::Key`].
    pub fn check_key(&self, len: usize) -> Result<()> {
        if self.keys.allow(len) {
            return Ok(());
        }
        let text = format!("key has {}, {} needs {}", bytes(len), self.algorithm, self.keys);
        Err(Error::input(InputFault::Key, text))
    }

    /// Checks an IV's length.
    ///
    /// # Errors
    /// [`Error::Input`] with [`InputFault::Iv`].
    pub fn check_iv(&self, len: Option<usize>) -> Result<()> {
        let (name, size) = (&self.algorithm, self.sizes.iv);
        let text = match len {
            None if size > 0 => format!("iv is missing, {name} needs one of {}", bytes(size)),
            Some(len) if size == 0 && len > 0 => {
                format!("iv has {}, {name} takes none; leave it out", bytes(len))
            }
            Some(len) if len != size => format!("iv has {}, {name} needs {size}", bytes(len)),
            _ => return Ok(()),
        };
        Err(Error::input(InputFault::Iv, text))
    }

    /// Checks a message's length.
    ///
    /// # Errors
    /// [`Error::Input`] with [`InputFault::Length`].
    pub fn check_length(&self, direction: Direction, len: usize) -> Result<()> {
        let (name, block) = (&self.algorithm, self.sizes.block);
        let rule = match self.length {
            LengthRule::Blocks if !len.is_multiple_of(block) => {
                let way_out = match direction {
                    Direction::Encrypt if self.pads() => " (padding=\"pkcs7\" makes it one)",
                    _ => "",
                };
                format!("a multiple of {block}{way_out}")
            }
            LengthRule::AtLeastBlock if len < block => format!("at least {block}"),
            _ => return Ok(()),
        };
        let text = format!("data has {}, {name} needs {rule}", bytes(len));
        Err(Error::input(InputFault::Length, text))
    }

    /// Checks the buffers of a one-shot request: room for the result, overlap.
    ///
    /// # Errors
    /// [`Error::Input`].
    pub fn check_buffers(&self, request: &Request<'_>) -> Result<()> {
        check_room(request.input.len(), request.output.len())?;
        if request.input.overlap(&request.output) == Overlap::Partial {
            return Err(overlap(
                "data and out overlap in part; out may be data itself or apart from it",
            ));
        }
        Ok(())
    }

    /// How many chunks a message may have from this IV on; `None`: as many as it likes.
    pub fn blocks_left(&self, iv: &Iv) -> Option<u128> {
        match self.end {
            End::Of(counter) => Some(counter.blocks_left(iv)),
            // RFC 3686, 2.1: the counter is 32 bits wide and starts at 1.
            End::OfRfc3686 => Some((1 << 32) - 1),
            End::None => None,
        }
    }

    /// Checks that `len` bytes do not take the counter beyond its end, where the kernel wraps and
    /// OpenSSL carries.
    ///
    /// # Errors
    /// [`Error::Input`] with [`InputFault::Length`].
    pub fn check_counter(&self, blocks_left: Option<u128>, len: usize) -> Result<()> {
        match blocks_left {
            Some(left) if self.counted(len) > left => {
                let end = match self.end {
                    End::Of(Counter::XChaCha) => "2^64; begin lower",
                    End::Of(Counter::ChaCha) => "2^32; begin lower",
                    _ => "2^32; end the message earlier",
                };
                let text = format!(
                    "data would take the block counter of {} past its end, block {end}, or take \
                     another nonce",
                    self.algorithm
                );
                Err(Error::input(InputFault::Length, text))
            }
            _ => Ok(()),
        }
    }

    /// How many blocks of its counter `len` bytes take.
    pub fn counted(&self, len: usize) -> u128 {
        let block = match self.end {
            End::Of(_) => Counter::BLOCK,
            _ => self.sizes.chunk.max(1),
        };
        len.div_ceil(block) as u128
    }

    /// Whether PKCS#7 makes sense: ecb, cbc and pcbc over a block cipher.
    pub fn pads(&self) -> bool {
        (2..=255).contains(&self.sizes.block)
            && matches!(self.generic.template(), Some(("ecb" | "cbc" | "pcbc", _)))
    }

    /// Checks that padding was asked of a mode that has it.
    ///
    /// # Errors
    /// [`Error::Input`] with [`InputFault::Argument`].
    pub fn check_pads(&self) -> Result<()> {
        if self.pads() {
            return Ok(());
        }
        let text = format!(
            "padding=\"pkcs7\" is for ecb, cbc and pcbc over a block cipher; leave it out for {}",
            self.algorithm
        );
        Err(Error::input(InputFault::Argument, text))
    }

    /// The error of a message beyond one request, in a mode that cannot go on.
    pub fn too_long(&self, len: usize, limit: usize) -> Error {
        let text = format!(
            "data has {}, one request of {} carries at most {limit} in this process and the mode \
             cannot go on in a second one; cut the data into units with an iv each, or raise \
             net.core.wmem_max, rmem_max and optmem_max and start again",
            bytes(len),
            self.algorithm
        );
        Error::input(InputFault::TooLong, text)
    }
}

/// "1 byte", "2 bytes".
pub fn bytes(count: usize) -> String {
    format!("{count} byte{}", if count == 1 { "" } else { "s" })
}

/// Checks that the result fits.
///
/// # Errors
/// [`Error::Input`] with [`InputFault::Length`], naming the need.
pub fn check_room(need: usize, room: usize) -> Result<()> {
    if need <= room {
        return Ok(());
    }
    let text = format!("out has {}, the result needs {need}", bytes(room));
    Err(Error::input(InputFault::Length, text))
}

/// The error of overlapping buffers.
pub fn overlap(text: &str) -> Error {
    Error::input(InputFault::Overlap, text)
}

#[cfg(test)]
mod tests;
