//! OFB: the IV, encrypted again and again, is the keystream (NIST SP 800-38A, 6.4).
//!
//! The place in a message is the last keystream block.

use super::Mode;
use crate::request::{Direction, Iv};
use crate::userspace::block::BlockCipher;
use crate::userspace::scratch::{Scratch, xor};

pub(super) struct Ofb(pub(super) Box<dyn BlockCipher>);

impl Mode for Ofb {
    fn crypt(&self, _: Direction, iv: &mut Iv, data: &mut [u8], spare: &mut Scratch<'_>) {
        let stream = spare.first(data.len().next_multiple_of(self.0.size()));
        stream.fill(0);
        self.0.chain(iv.bytes_mut(), stream); // CBC of zeros
        xor(data, stream);
    }
}
