//! The block ciphers, from the RustCrypto crates, behind one small trait over many blocks at once.

use cbc::Encryptor;
use cipher::array::Array;
use cipher::typenum::Unsigned;
use cipher::zeroize::ZeroizeOnDrop;
use cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeEncrypt, InnerIvInit, IvState, KeyInit,
};

use super::around::{Counters, Nothing, Tweaks, Unchain};
use super::scratch::copy;
use super::straight::{Around, Chain, Groups, whole};
use crate::request::Direction;
use crate::span::{In, Out};

/// A mode that can work without a private buffer, over a cipher of 16-byte blocks.
#[derive(Clone, Copy)]
pub(super) enum Straight {
    Ecb,
    Cbc,
    Ctr,
    Xts,
}

/// A keyed block cipher. What is more or less than whole blocks is left as it is.
pub(super) trait BlockCipher: Send + Sync {
    /// Bytes of a block: 8 or 16.
    fn size(&self) -> usize;

    /// Encrypts each block.
    fn encrypt(&self, blocks: &mut [u8]);

    /// Decrypts each block.
    fn decrypt(&self, blocks: &mut [u8]);

    /// Works on as many bytes, from the first on, as go straight from input to output, and gives how
    /// many. `place` is the IV of the first of them, and becomes that of what follows.
    fn straight(
        &self,
        mode: Straight,
        direction: Direction,
        place: &mut [u8],
        input: In<'_>,
        output: Out<'_>,
    ) -> usize;

    /// Encrypts each block after xoring it with the result before it; the first with `register`,
    /// which has the last result in the end. That is CBC, and what the other modes that cannot
    /// work on many blocks at once are made of.
    fn chain(&self, register: &mut [u8], blocks: &mut [u8]);
}

impl<C> BlockCipher for C
where
    C: BlockCipherEncrypt + BlockCipherDecrypt + Send + Sync,
{
    fn size(&self) -> usize {
        C::BlockSize::USIZE
    }

    fn encrypt(&self, blocks: &mut [u8]) {
        self.encrypt_blocks(Array::slice_as_chunks_mut(blocks).0);
    }

    fn decrypt(&self, blocks: &mut [u8]) {
        self.decrypt_blocks(Array::slice_as_chunks_mut(blocks).0);
    }

    fn straight(
        &self,
        mode: Straight,
        direction: Direction,
        place: &mut [u8],
        input: In<'_>,
        output: Out<'_>,
    ) -> usize {
        if C::BlockSize::USIZE != 16 {
            return 0;
        }
        let len = whole(input.len());
        let (input, output) = (input.part(0..len), output.part(0..len));
        match (mode, direction) {
            (Straight::Ecb, _) => through::<_, Nothing>(self, direction, place, input, output),
            (Straight::Cbc, Direction::Encrypt) => {
                if let Some(register) = Array::slice_as_mut_array(place) {
                    self.encrypt_with_backend(Chain { input, output, register });
                }
            }
            (Straight::Cbc, _) => through::<_, Unchain>(self, direction, place, input, output),
            (Straight::Ctr, _) => {
                through::<_, Counters>(self, Direction::Encrypt, place, input, output);
            }
            (Straight::Xts, _) => through::<_, Tweaks>(self, direction, place, input, output),
        }
        len
    }

    fn chain(&self, register: &mut [u8], blocks: &mut [u8]) {
        let Some(register) = Array::slice_as_mut_array(register) else { return };
        let mut cbc = Encryptor::<&C>::inner_iv_init(self, register);
        cbc.encrypt_blocks(Array::slice_as_chunks_mut(blocks).0);
        *register = cbc.iv_state();
    }
}

/// A cipher with `A` around it.
fn through<C, A: Around>(
    cipher: &C,
    direction: Direction,
    place: &mut [u8],
    input: In<'_>,
    output: Out<'_>,
) where
    C: BlockCipherEncrypt + BlockCipherDecrypt,
{
    let mut block = [0; 16];
    copy(&mut block, place);
    let mut around = A::at(block);
    let groups = Groups::new(input, output, &mut around);
    match direction {
        Direction::Encrypt => cipher.encrypt_with_backend(groups),
        Direction::Decrypt => cipher.decrypt_with_backend(groups),
    }
    copy(place, &around.place());
}

/// A block cipher of the kernel's name, and what is to be known of it before it has a key.
#[derive(Debug)]
pub(super) struct Cipher {
    /// The kernel's name.
    pub(super) name: &'static str,
    /// Bytes of a block.
    pub(super) block: usize,
    /// Bytes of its longest key.
    pub(super) max_key: usize,
    /// Whether neither time nor memory accesses depend on key or data.
    pub(super) constant_time: bool,
    with_key: fn(&[u8]) -> Option<Box<dyn BlockCipher>>,
}

const fn cipher(
    name: &'static str,
    block: usize,
    max_key: usize,
    with_key: fn(&[u8]) -> Option<Box<dyn BlockCipher>>,
) -> Cipher {
    Cipher { name, block, max_key, constant_time: false, with_key }
}

impl Cipher {
    const fn in_constant_time(self) -> Self {
        Self { constant_time: true, ..self }
    }

    /// Takes a key; `None` where the cipher has none of its size.
    pub(super) fn with_key(&self, key: &[u8]) -> Option<Box<dyn BlockCipher>> {
        (self.with_key)(key)
    }
}

/// Every block cipher. Those that look key-dependent bytes up in tables are not constant-time;
/// aes is by instructions or bit-slicing, serpent's S-boxes are computed bit by bit.
pub(super) static CIPHERS: [Cipher; 11] = [
    cipher("aes", 16, 32, aes).in_constant_time(),
    cipher("aria", 16, 32, aria),
    cipher("blowfish", 8, 56, any::<blowfish::Blowfish>),
    cipher("camellia", 16, 32, camellia),
    cipher("cast5", 8, 16, any::<cast5::Cast5>),
    cipher("cast6", 16, 32, any::<cast6::Cast6>),
    cipher("des", 8, 8, any::<des::Des>),
    cipher("des3_ede", 8, 24, any::<des::TdesEde3>),
    cipher("serpent", 16, 32, serpent).in_constant_time(),
    cipher("sm4", 16, 16, any::<sm4::Sm4>),
    cipher("twofish", 16, 32, any::<twofish::Twofish>),
];

/// A cipher whose crate takes every key size that the kernel takes. The bound makes sure that its
/// key schedule is wiped on drop.
fn any<C>(key: &[u8]) -> Option<Box<dyn BlockCipher>>
where
    C: KeyInit + BlockCipherEncrypt + BlockCipherDecrypt + ZeroizeOnDrop + Send + Sync + 'static,
{
    Some(Box::new(C::new_from_slice(key).ok()?))
}

fn aes(key: &[u8]) -> Option<Box<dyn BlockCipher>> {
    any::<aes::Aes128>(key).or_else(|| any::<aes::Aes192>(key)).or_else(|| any::<aes::Aes256>(key))
}

fn aria(key: &[u8]) -> Option<Box<dyn BlockCipher>> {
    any::<aria::Aria128>(key)
        .or_else(|| any::<aria::Aria192>(key))
        .or_else(|| any::<aria::Aria256>(key))
}

fn camellia(key: &[u8]) -> Option<Box<dyn BlockCipher>> {
    any::<camellia::Camellia128>(key)
        .or_else(|| any::<camellia::Camellia192>(key))
        .or_else(|| any::<camellia::Camellia256>(key))
}

/// The kernel takes any key up to 32 bytes (crypto/serpent_generic.c) and lengthens a shorter one
/// as the Serpent paper does, by a single one bit and zeros; the crate takes 16 bytes and more.
fn serpent(key: &[u8]) -> Option<Box<dyn BlockCipher>> {
    let mut long = zeroize::Zeroizing::new([0; 32]);
    long.get_mut(..key.len())?.copy_from_slice(key);
    if let Some(next) = long.get_mut(key.len()) {
        *next = 1;
    }
    any::<serpent::Serpent>(&*long)
}
