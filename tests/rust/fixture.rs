//! A cipher over the fake kernel, and the ways to send a message through it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use afalg::algorithm::Algorithm;
use afalg::constraints::{Constraints, Continuation, Sibling};
use afalg::error::{Errno, Error, Result, Stage};
use afalg::kernel::KernelCipher;
use afalg::key::Key;
use afalg::process::{Limits, Process, Verdict};
use afalg::request::{Direction, Hook, Iv, Request};
use afalg::span::{In, Out};

use crate::fake::{Call, Kernel, Received, Sent};
use crate::reference;
use crate::socket::PAGE;
use crate::toy::Cipher;

/// The limits of the fake's machine, whatever this one's are.
pub(crate) const CPUS: usize = 2;
const LIMITS: Limits = Limits { page: PAGE, optmem: Some(131_072), cpus: CPUS };

/// One algorithm of each kind.
pub(crate) const ALL: [&str; 17] = [
    "ecb(aes)",
    "ecb(cipher_null)",
    "cbc(aes)",
    "cbc(des3_ede)",
    "cfb(aes)",
    "ctr(aes)",
    "ctr(des3_ede)",
    "pcbc(aes)",
    "lrw(aes)",
    "ofb(aes)",
    "chacha20",
    "xchacha20",
    "cts(cbc(aes))",
    "rfc3686(ctr(aes))",
    "xts(aes)",
    "hctr2(aes)",
    "essiv(cbc(aes),sha256)",
];

/// One for each way to go on.
pub(crate) const WAYS: [&str; 7] = [
    "ecb(aes)",
    "cbc(aes)",
    "ctr(aes)",
    "ofb(aes)",
    "chacha20",
    "cts(cbc(aes))",
    "rfc3686(ctr(aes))",
];

pub(crate) const BOTH: [Direction; 2] = [Direction::Encrypt, Direction::Decrypt];

/// Where the result goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Apart,
    InPlace,
}

pub(crate) const PLACES: [Place; 2] = [Place::Apart, Place::InPlace];

/// What an output apart from its input holds before, and what lies around every output.
pub(crate) const BLANK: u8 = 0x55;
const AROUND: usize = 64;

/// Bytes of a message. They are many: a failed test shows only how many.
#[derive(PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

/// A message that was given up: why, and what was left in the output.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) output: Bytes,
}

impl Failure {
    /// The call that was refused, and its errno.
    pub(crate) fn refusal(&self) -> (Stage, Errno) {
        match &self.error {
            Error::Kernel { refusal, .. } => (refusal.stage, refusal.errno),
            other => panic!("{other:?}"),
        }
    }
}

/// `len` bytes without a pattern that a mode could repeat.
pub(crate) fn bytes(len: usize, seed: u8) -> Vec<u8> {
    let mut state = u32::from(seed) + 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

pub(crate) fn constraints(name: &str) -> Constraints {
    Constraints::built_in(&Algorithm::new(name).unwrap()).unwrap().unwrap()
}

pub(crate) fn key(constraints: &Constraints) -> Vec<u8> {
    bytes(constraints.keys.bounds().1, 1)
}

/// A process that knows the built-in table's rules of an algorithm, whatever this machine serves.
pub(crate) fn process(name: &str) -> Process {
    let process = Process::default();
    process.limits(|| LIMITS);
    let constraints = constraints(name);
    if let Some(sibling) = Sibling::name(&constraints.generic) {
        process.answers.remember(sibling.as_str(), &Verdict::Right);
    }
    process.constraints.remember(name, &Arc::new(constraints));
    process
}

/// Opens a cipher.
pub(crate) fn open(kernel: &Kernel, name: &str) -> Result<KernelCipher<Kernel>> {
    let constraints = constraints(name);
    let key = key(&constraints);
    let key = Key::Bytes(In::from_slice(&key));
    KernelCipher::open(&process(name), kernel, &constraints.algorithm, key)
}

/// A fake kernel and a cipher on it, whose op sockets carry one page.
#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) kernel: Kernel,
    pub(crate) cipher: KernelCipher<Kernel>,
    pub(crate) limit: usize,
    pub(crate) iv: Vec<u8>,
    toy: Cipher,
}

impl Rig {
    pub(crate) fn new(name: &str) -> Self {
        Self::with(Kernel::small(), name, PAGE)
    }

    pub(crate) fn with(kernel: Kernel, name: &str, limit: usize) -> Self {
        let cipher = open(&kernel, name).unwrap();
        let constraints = constraints(name);
        let toy = Cipher::new(&constraints, &key(&constraints));
        kernel.calls();
        // A low counter, so that no length of the tests takes it to its end.
        let mut iv = bytes(constraints.sizes.iv, 2);
        match name {
            "chacha20" => iv[..4].copy_from_slice(&7_u32.to_le_bytes()),
            "xchacha20" => iv[24..].copy_from_slice(&7_u64.to_le_bytes()),
            _ => {}
        }
        Self { kernel, cipher, limit, iv, toy }
    }

    pub(crate) fn chunk(&self) -> usize {
        self.cipher.constraints().sizes.chunk
    }

    /// Whether another tfm has the same key.
    pub(crate) fn has_sibling(&self) -> bool {
        matches!(self.cipher.constraints().continuation, Continuation::Sibling(_))
    }

    /// Whether a message may have this length.
    pub(crate) fn takes(&self, len: usize) -> bool {
        let fits = self.cipher.max_message().is_none_or(|most| len <= most);
        fits && self.cipher.constraints().check_length(Direction::Encrypt, len).is_ok()
    }

    /// The length of three pieces and a bit, where this algorithm may have them.
    pub(crate) fn long(&self) -> usize {
        let long = 3 * self.limit + 2 * self.chunk();
        if self.takes(long) { long } else { self.limit }
    }

    /// A message of `len` bytes and what is due for it.
    pub(crate) fn pair(&self, direction: Direction, len: usize) -> (Bytes, Bytes) {
        let plain = Bytes(bytes(len, 3));
        let cipher = Bytes(reference::encrypted(&self.toy, &self.iv, &plain));
        if direction == Direction::Encrypt { (plain, cipher) } else { (cipher, plain) }
    }

    pub(crate) fn iv(&self) -> Iv {
        Iv::joined(&[&self.iv]).unwrap()
    }

    /// One whole message, with a hook.
    pub(crate) fn crypt_with(
        &self,
        direction: Direction,
        place: Place,
        input: &[u8],
        hook: &mut Hook<'_>,
    ) -> Result<Bytes, Failure> {
        placed(place, input, |input, output| {
            let request = Request { direction, iv: &self.iv(), input, output };
            self.cipher.crypt(request, hook)
        })
    }

    /// One whole message.
    pub(crate) fn crypt(
        &self,
        direction: Direction,
        place: Place,
        input: &[u8],
    ) -> Result<Bytes, Failure> {
        self.crypt_with(direction, place, input, &mut || false)
    }

    /// One whole message into an output of the caller's.
    pub(crate) fn crypt_into(
        &self,
        direction: Direction,
        input: &[u8],
        output: &mut [u8],
    ) -> Result<()> {
        let (input, output) = (In::from_slice(input), Out::from_slice(output));
        let request = Request { direction, iv: &self.iv(), input, output };
        self.cipher.crypt(request, &mut || false)
    }

    /// Whole messages of this length come out right, and leave one clean op socket behind.
    pub(crate) fn check(&self, direction: Direction, place: Place, len: usize) {
        let (input, due) = self.pair(direction, len);
        let name = &self.cipher.constraints().algorithm;
        match self.crypt(direction, place, &input) {
            Ok(got) => assert!(got == due, "{name} {direction:?} {place:?} {len}: wrong bytes"),
            Err(Failure { error, .. }) => panic!("{direction:?} {place:?} {len}: {error}"),
        }
    }

    /// One message in parts that end at the given places; the last of them ends the message.
    pub(crate) fn in_parts(
        &self,
        direction: Direction,
        place: Place,
        input: &[u8],
        ends: &[usize],
    ) -> Result<Bytes, Failure> {
        placed(place, input, |input, mut output| {
            let mut message = self.cipher.begin(direction, &self.iv());
            let mut done = 0;
            for (at, end) in ends.iter().enumerate() {
                let (part, last) = (input.part(done..*end), at + 1 == ends.len());
                let out = output.borrow().part(done..*end);
                message.advance(&self.cipher, part, out, last, &mut || false)?;
                done = *end;
            }
            Ok(())
        })
    }

    /// The sends since the last time that somebody asked for calls.
    pub(crate) fn sends(&self) -> Vec<Sent> {
        let send = |call| if let Call::Send(sent) = call { Some(sent) } else { None };
        self.kernel.calls().into_iter().filter_map(send).collect()
    }

    /// The receives since the last time that somebody asked for calls.
    pub(crate) fn receives(&self) -> Vec<Received> {
        let receive = |call| if let Call::Receive(got) = call { Some(got) } else { None };
        self.kernel.calls().into_iter().filter_map(receive).collect()
    }
}

/// Gives `work` an input and an output that lie as they should, and looks around them after it.
fn placed(
    place: Place,
    input: &[u8],
    work: impl FnOnce(In<'_>, Out<'_>) -> Result<()>,
) -> Result<Bytes, Failure> {
    let len = input.len();
    let mut memory = vec![BLANK; len + 2 * AROUND];
    let body = &mut memory[AROUND..AROUND + len];
    let end = match place {
        Place::Apart => work(In::from_slice(input), Out::from_slice(body)),
        Place::InPlace => {
            body.copy_from_slice(input);
            let mut output = Out::from_slice(body);
            let (input, output) = output.in_place(len);
            work(input, output)
        }
    };
    let around = memory[..AROUND].iter().chain(&memory[AROUND + len..]);
    assert!(around.copied().all(|byte| byte == BLANK), "bytes beyond the output were written");
    let output = Bytes(memory[AROUND..AROUND + len].to_vec());
    match end {
        Ok(()) => Ok(output),
        Err(error) => Err(Failure { error, output }),
    }
}
