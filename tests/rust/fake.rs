//! A kernel that tells every call that was made of it, and fails where a test wants it to.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use afalg::algorithm::{AlgType, Algorithm};
use afalg::constraints::Constraints;
use afalg::error::{Errno, Refusal, Stage};
use afalg::kernel::Transport;
use afalg::key::Key;
use afalg::request::{Direction, Exchange, Fate, Iv};
use afalg::span::{In, Out};

use crate::socket::{Head, PAGE, Socket};
use crate::toy::Cipher;

/// What a call does instead of what the kernel would.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// Takes or gives at most so many bytes.
    Short(usize),
    /// Says so many bytes, and has done nothing but write [`JUNK`] over what it was to fill.
    Claim(usize),
    /// An errno; nothing has happened.
    Fail(i32),
    /// What the kernel would, later.
    Late(Duration),
}

/// What a receive writes that only claims to have worked.
pub(crate) const JUNK: u8 = 0xee;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Open { name: String },
    SetKey { tfm: usize, len: usize },
    Accept { tfm: usize, op: usize },
    Send(Sent),
    Receive(Received),
}

/// One send, and how many bytes were pending behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) op: usize,
    pub(crate) head: Option<Head>,
    pub(crate) at: usize,
    pub(crate) len: usize,
    pub(crate) more: bool,
    pub(crate) answer: Result<usize, Errno>,
    pub(crate) pending: usize,
}

/// One receive, and how many bytes were pending before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) op: usize,
    pub(crate) at: usize,
    pub(crate) len: usize,
    pub(crate) answer: Result<usize, Errno>,
    pub(crate) pending: usize,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<Call>,
    answers: HashMap<(StageName, usize), Answer>,
    counts: HashMap<StageName, usize>,
    unserved: Vec<String>,
    keyring: VecDeque<Vec<u8>>,
    policy: Option<i32>,
    buffers: (usize, usize),
    has_ring: bool,
    chains: Vec<usize>,
    made: usize,
    tfms: Vec<usize>,
    ops: Vec<usize>,
}

/// A stage, as a key of a map.
type StageName = &'static str;

/// The fake. Clones are the same kernel.
#[derive(Clone, Debug)]
pub(crate) struct Kernel(Arc<Mutex<State>>);

#[derive(Debug)]
pub(crate) struct Tfm {
    kernel: Kernel,
    number: usize,
    name: Algorithm,
    key: Mutex<Vec<u8>>,
}

#[derive(Debug)]
pub(crate) struct Op {
    kernel: Kernel,
    number: usize,
    socket: RefCell<Socket>,
}

impl Drop for Tfm {
    fn drop(&mut self) {
        self.kernel.state().tfms.retain(|tfm| *tfm != self.number);
    }
}

impl Drop for Op {
    fn drop(&mut self) {
        self.kernel.state().ops.retain(|op| *op != self.number);
    }
}

impl Kernel {
    /// A kernel whose op sockets get such send and receive buffers at most, in bytes.
    pub(crate) fn new(buffers: (usize, usize)) -> Self {
        Self(Arc::new(Mutex::new(State { buffers, ..State::default() })))
    }

    /// A kernel whose op sockets carry one page.
    pub(crate) fn small() -> Self {
        Self::new((PAGE, 2 * PAGE))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The `nth` call of a stage from now on, counted from 0, gets this answer.
    pub(crate) fn answer(&self, stage: Stage, nth: usize, answer: Answer) {
        let mut inner = self.state();
        let so_far = inner.counts.get(stage.name()).copied().unwrap_or_default();
        inner.answers.insert((stage.name(), so_far + nth), answer);
    }

    /// No bind of this name works any more.
    pub(crate) fn refuse(&self, name: &str) {
        self.state().unserved.push(name.to_owned());
    }

    /// Op sockets that are accepted from now on get such buffers.
    pub(crate) fn set_buffers(&self, buffers: (usize, usize)) {
        self.state().buffers = buffers;
    }

    /// From now on it has rings.
    pub(crate) fn give_rings(&self) {
        self.state().has_ring = true;
    }

    /// How many exchanges each chain had that somebody wanted since the last time.
    pub(crate) fn chains(&self) -> Vec<usize> {
        std::mem::take(&mut self.state().chains)
    }

    /// The calls since the last time that somebody asked.
    pub(crate) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state().calls)
    }

    /// The op sockets that are open.
    pub(crate) fn ops(&self) -> Vec<usize> {
        self.state().ops.clone()
    }

    /// How many tfm sockets are open.
    pub(crate) fn tfms(&self) -> usize {
        self.state().tfms.len()
    }

    /// Counts a call; what a test wants it to answer.
    fn count(&self, stage: Stage) -> Option<Answer> {
        let answer = {
            let mut inner = self.state();
            let count = inner.counts.entry(stage.name()).or_default();
            let key = (stage.name(), *count);
            *count += 1;
            inner.answers.remove(&key)
        };
        if let Some(Answer::Late(time)) = answer {
            sleep(time);
        }
        answer
    }

    fn record(&self, call: Call) {
        let mut state = self.state();
        state.calls.push(call);
        assert!(state.calls.len() < 100_000, "a loop that does not end");
    }

    /// A call of the set-up: it fails, or it does not.
    fn set_up(&self, stage: Stage, call: Call) -> Result<(), Refusal> {
        let answer = self.count(stage);
        self.record(call);
        match answer {
            Some(Answer::Fail(errno)) => Err(Refusal { stage, errno: Errno(errno) }),
            _ => Ok(()),
        }
    }

    /// A policy answers whoever asks whether keys are taken by their serials.
    pub(crate) fn forbid(&self, errno: i32) {
        self.state().policy = Some(errno);
    }

    /// What a key of the keyring has, now and whenever it is taken after; the last for good.
    pub(crate) fn keep(&self, bytes: Vec<Vec<u8>>) {
        self.state().keyring = bytes.into();
    }

    /// What the key of the keyring has now; it may have other bytes the next time.
    fn taken_from_keyring(&self) -> Result<Vec<u8>, Refusal> {
        let keyring = &mut self.state().keyring;
        let held = if keyring.len() > 1 { keyring.pop_front() } else { keyring.front().cloned() };
        held.ok_or(Refusal { stage: Stage::SetKey, errno: Errno(libc::ENOKEY) })
    }

    fn number(&self) -> usize {
        let mut state = self.state();
        state.made += 1;
        state.made
    }
}

impl Transport for Kernel {
    type Tfm = Tfm;
    type Op = Op;
    const CHAIN: usize = 8;

    fn open(&self, kind: AlgType, algorithm: &Algorithm) -> Result<Tfm, Refusal> {
        assert_eq!(kind, AlgType::Skcipher);
        let name = algorithm.as_str().to_owned();
        self.set_up(Stage::Socket, Call::Open { name: name.clone() })?;
        if let Some(Answer::Fail(errno)) = self.count(Stage::Bind) {
            return Err(Refusal { stage: Stage::Bind, errno: Errno(errno) });
        }
        if self.state().unserved.contains(&name) {
            return Err(Refusal { stage: Stage::Bind, errno: Errno(libc::ENOENT) });
        }
        let number = self.number();
        self.state().tfms.push(number);
        let (kernel, name) = (self.clone(), algorithm.clone());
        Ok(Tfm { kernel, number, name, key: Mutex::default() })
    }

    fn set_key(&self, tfm: &Tfm, key: Key<'_>) -> Result<(), Refusal> {
        let held = match key {
            Key::Bytes(key) => copy_of(key),
            Key::InKeyring(_) => self.taken_from_keyring()?,
        };
        let key = In::from_slice(&held);
        self.set_up(Stage::SetKey, Call::SetKey { tfm: tfm.number, len: key.len() })?;
        *tfm.key.lock().unwrap() = copy_of(key);
        Ok(())
    }

    fn takes_serials(&self, _: &Tfm) -> Result<bool, Errno> {
        self.state().policy.map_or(Ok(true), |errno| Err(Errno(errno)))
    }

    fn accept(&self, tfm: &Tfm, iv_size: usize) -> Result<Op, Refusal> {
        let number = self.number();
        self.set_up(Stage::Accept, Call::Accept { tfm: tfm.number, op: number })?;
        let constraints = Constraints::built_in(&tfm.name).unwrap().unwrap();
        let cipher = Cipher::new(&constraints, &tfm.key.lock().unwrap());
        assert_eq!(iv_size, constraints.sizes.iv, "room for an IV of another size");
        self.state().ops.push(number);
        let socket = RefCell::new(Socket::new(cipher, iv_size));
        Ok(Op { kernel: self.clone(), number, socket })
    }

    fn grow_buffers(&self, op: &Op, send: usize, receive: usize) -> (usize, usize) {
        let (most_send, most_receive) = self.state().buffers;
        let mut socket = op.socket.borrow_mut();
        (socket.sndbuf, socket.rcvbuf) = (send.min(most_send), receive.min(most_receive));
        (socket.sndbuf, socket.rcvbuf)
    }

    fn send(
        &self,
        op: &mut Op,
        head: Option<(Direction, &Iv)>,
        data: In<'_>,
        more: bool,
    ) -> Result<usize, Errno> {
        let head = head.map(|(direction, iv)| (direction, iv.bytes().to_vec()));
        let socket = op.socket.get_mut();
        let mut take = |most| socket.send(head.clone(), &copy_of(data), more, most);
        let answer = match self.count(Stage::Send) {
            Some(Answer::Fail(errno)) => Err(Errno(errno)),
            Some(Answer::Claim(count)) => Ok(count),
            Some(Answer::Short(most)) => take(most),
            Some(Answer::Late(_)) | None => take(usize::MAX),
        };
        let (at, len) = (data.as_ptr().addr(), data.len());
        let sent = Sent { op: op.number, head, at, len, more, answer, pending: socket.pending() };
        self.record(Call::Send(sent));
        answer
    }

    fn may_exchange(&self) -> bool {
        true
    }

    /// A chain, as io_uring runs one: a call that fails breaks it, and the rest is cancelled; a
    /// short count does not.
    fn exchange(&self, op: &mut Op, direction: Direction, group: &mut [&mut Exchange<'_>]) -> bool {
        let mut state = self.state();
        state.chains.push(group.len());
        if !state.has_ring {
            return false;
        }
        drop(state);
        assert!(group.len() <= Self::CHAIN);
        for exchange in group {
            assert_eq!(exchange.fate, Fate::Waiting, "done already, and sent again");
            let sent = self.send(op, Some((direction, &exchange.iv)), exchange.input, false);
            let received = sent.map(|_| self.receive(op, &mut exchange.output));
            let len = exchange.input.len();
            exchange.fate = Fate::of(Some(sent), received.ok(), len);
            if !matches!(received, Ok(Ok(_))) {
                break;
            }
        }
        true
    }

    fn receive(&self, op: &mut Op, out: &mut Out<'_>) -> Result<usize, Errno> {
        let socket = op.socket.get_mut();
        let (at, len, pending) = (out.as_ptr().addr(), out.len(), socket.pending());
        let mut fill = |room| {
            socket.receive(at, room).map(|bytes| {
                out.copy_from(In::from_slice(&bytes));
                bytes.len()
            })
        };
        let answer = match self.count(Stage::Receive) {
            Some(Answer::Fail(errno)) => Err(Errno(errno)),
            Some(Answer::Claim(count)) => {
                out.borrow().part(0..count).fill(JUNK);
                Ok(count)
            }
            Some(Answer::Short(most)) => fill(most.min(len)),
            Some(Answer::Late(_)) | None => fill(len),
        };
        self.record(Call::Receive(Received { op: op.number, at, len, answer, pending }));
        answer
    }
}

fn copy_of(bytes: In<'_>) -> Vec<u8> {
    let mut copy = vec![0; bytes.len()];
    bytes.copy_to(&mut copy);
    copy
}
