//! The two sockets of AF_ALG: the tfm socket has the key, an op socket carries one request at a
//! time. Both are closed on `exec` and on drop.

use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use super::descriptor::Descriptor;
use super::{ControlBuffer, errno, msg, uring};
use crate::algorithm::{AlgType, Algorithm};
use crate::error::{Errno, Refusal, Stage};
use crate::key::{Key, Serial};
use crate::request::{Direction, Exchange, Iv};
use crate::span::{In, Out};

/// A bound socket, keyed or not.
#[derive(Debug)]
pub struct TfmSocket(Descriptor);

/// A socket that `accept4` gave, with its control buffer.
#[derive(Debug)]
pub struct OpSocket {
    socket: Descriptor,
    control: ControlBuffer,
}

/// `struct sockaddr_alg_new`: fixed fields, then a name as long as it needs, NUL included.
const NAME_AT: usize = 24;
const TYPE_AT: usize = 2;
/// `move_addr_to_kernel` takes no more.
const ADDRESS: usize = size_of::<libc::sockaddr_storage>();

pub(super) fn owned(answer: libc::c_int) -> Result<OwnedFd, Errno> {
    if answer < 0 {
        return Err(errno::last());
    }
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(answer) })
}

fn open() -> Result<OwnedFd, Errno> {
    // SAFETY: no pointers.
    owned(unsafe { libc::socket(libc::AF_ALG, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, 0) })
}

/// Whether this process can open an AF_ALG socket now.
pub(crate) fn can_open() -> Result<(), Errno> {
    open().map(drop)
}

pub(super) fn length(value: usize) -> libc::socklen_t {
    libc::socklen_t::try_from(value).unwrap_or(libc::socklen_t::MAX)
}

fn set_int(socket: BorrowedFd<'_>, option: libc::c_int, value: libc::c_int) -> Result<(), Errno> {
    // SAFETY: the pointer is to an int that lives through the call, and the length is an int's.
    let answer = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw const value).cast(),
            length(size_of::<libc::c_int>()),
        )
    };
    if answer == 0 { Ok(()) } else { Err(errno::last()) }
}

fn get_int(socket: BorrowedFd<'_>, option: libc::c_int) -> usize {
    let mut value: libc::c_int = 0;
    let mut size = length(size_of::<libc::c_int>());
    // SAFETY: both pointers are to locals that live through the call, and `size` is the value's.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw mut value).cast(),
            &raw mut size,
        )
    };
    if answer == 0 { usize::try_from(value).unwrap_or_default() } else { 0 }
}

impl TfmSocket {
    /// `socket` and `bind`. `salg_feat` and `salg_mask` stay 0: from Linux 7.2 on they select
    /// nothing, before that they can only exclude.
    ///
    /// # Errors
    /// What either call answered.
    pub fn open(kind: AlgType, algorithm: &Algorithm) -> Result<Self, Refusal> {
        let socket = open().map_err(|errno| Refusal { stage: Stage::Socket, errno })?;
        let (kind, name) = (kind.name().as_bytes(), algorithm.as_str().as_bytes());
        let mut address = [0_u8; ADDRESS];
        let family = libc::sa_family_t::try_from(libc::AF_ALG).unwrap_or_default().to_ne_bytes();
        for (at, part) in [(0, &family[..]), (TYPE_AT, kind), (NAME_AT, name)] {
            if let Some(place) = address.get_mut(at..at + part.len()) {
                place.copy_from_slice(part);
            }
        }
        // The NUL counts: the kernel overwrites the last byte of what it is given with one.
        let size = length((NAME_AT + name.len() + 1).min(ADDRESS));
        // SAFETY: the address is a local of at least `size` bytes; the kernel copies it.
        let answer = unsafe { libc::bind(socket.as_raw_fd(), address.as_ptr().cast(), size) };
        if answer == 0 {
            return Ok(Self(Descriptor::new(socket)));
        }
        Err(Refusal { stage: Stage::Bind, errno: errno::last() })
    }

    /// `setsockopt(ALG_SET_KEY)`, or `ALG_SET_KEY_BY_KEY_SERIAL`. The kernel copies the key, out of
    /// the caller's buffer or its keyring, and wipes its copy of the call.
    ///
    /// # Errors
    /// What the call answered.
    pub fn set_key(&self, key: Key<'_>) -> Result<(), Refusal> {
        let set = match key {
            Key::Bytes(key) => self.set(libc::ALG_SET_KEY, key),
            Key::InKeyring(Serial(serial)) => {
                self.set(libc::ALG_SET_KEY_BY_KEY_SERIAL, In::from_slice(&serial.to_ne_bytes()))
            }
        };
        set.map_err(|errno| Refusal { stage: Stage::SetKey, errno })
    }

    /// Whether the kernel takes keys by their serials (Linux 6.2): asked without one, the option
    /// that it has is EINVAL, the one that it lacks ENOPROTOOPT.
    ///
    /// # Errors
    /// Who forbids to ask.
    pub fn takes_serials(&self) -> Result<bool, Errno> {
        match self.set(libc::ALG_SET_KEY_BY_KEY_SERIAL, In::from_slice(&[])) {
            Err(errno::ENOPROTOOPT) => Ok(false),
            Ok(()) | Err(errno::EINVAL) => Ok(true),
            Err(errno) => Err(errno),
        }
    }

    fn set(&self, option: libc::c_int, value: In<'_>) -> Result<(), Errno> {
        // SAFETY: the span keeps its bytes mapped; the kernel only reads them.
        let answer = unsafe {
            libc::setsockopt(
                self.0.as_fd().as_raw_fd(),
                libc::SOL_ALG,
                option,
                value.as_ptr().cast(),
                length(value.len()),
            )
        };
        if answer == 0 { Ok(()) } else { Err(errno::last()) }
    }

    /// `accept4`. No address is asked for: `accept` with one answers ECONNABORTED.
    ///
    /// # Errors
    /// What the call answered; EBADF where the descriptor is another file's by now.
    pub fn accept(&self, iv_size: usize) -> Result<OpSocket, Refusal> {
        if !self.0.is_ours() {
            // To accept from it may be to take a connection of somebody's server, or to wait for
            // one; or to have an op socket under another Cipher's key.
            return Err(Refusal { stage: Stage::Accept, errno: errno::EBADF });
        }
        let (none, fd) = (ptr::null_mut(), self.0.as_fd().as_raw_fd());
        // SAFETY: null pointers ask for no address.
        let answer = unsafe { libc::accept4(fd, none, ptr::null_mut(), libc::SOCK_CLOEXEC) };
        let socket = owned(answer).map_err(|errno| Refusal { stage: Stage::Accept, errno })?;
        Ok(OpSocket::new(Descriptor::new(socket), iv_size))
    }
}

impl OpSocket {
    pub(super) fn new(socket: Descriptor, iv_size: usize) -> Self {
        Self { socket, control: ControlBuffer::new(iv_size) }
    }

    /// Raises the send and the receive buffer towards so many bytes, past `wmem_max` and
    /// `rmem_max` where this process may; gives what they have now.
    pub fn grow_buffers(&self, send: usize, receive: usize) -> (usize, usize) {
        let socket = self.socket.as_fd();
        let mut may_force = true; // one capability is for both
        for (forced, plain, bytes) in [
            (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF, send),
            (libc::SO_RCVBUFFORCE, libc::SO_RCVBUF, receive),
        ] {
            let half = libc::c_int::try_from(bytes / 2).unwrap_or(libc::c_int::MAX); // doubled there
            may_force = may_force && set_int(socket, forced, half).is_ok();
            // What cannot be raised stays as it is; the sizes are read back below.
            if !may_force {
                set_int(socket, plain, half).unwrap_or_default();
            }
        }
        (get_int(socket, libc::SO_SNDBUF), get_int(socket, libc::SO_RCVBUF))
    }

    /// One `sendmsg`; the operation and the IV go along where `head` has them.
    ///
    /// # Errors
    /// What the call answered.
    pub fn send(
        &mut self,
        head: Option<(Direction, &Iv)>,
        data: In<'_>,
        more: bool,
    ) -> Result<usize, Errno> {
        let control = head.map(|(direction, iv)| {
            self.control.set(direction, iv);
            &self.control
        });
        msg::send(self.socket.as_fd(), control, data, more)
    }

    /// Sends and receives one after the other in one system call, over a ring, and notes what
    /// became of each; of [`CHAIN`](uring::CHAIN) at most. `false`: there is no ring, and nothing
    /// was done.
    pub fn exchange(&mut self, direction: Direction, group: &mut [&mut Exchange<'_>]) -> bool {
        uring::exchange(self.socket.as_fd(), direction, group)
    }

    /// One `recvmsg` of at most `out.len()` bytes.
    ///
    /// # Errors
    /// What the call answered.
    pub fn receive(&mut self, out: &mut Out<'_>) -> Result<usize, Errno> {
        msg::receive(self.socket.as_fd(), out)
    }
}
