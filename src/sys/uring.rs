//! Many exchanges on one op socket in one system call: an io_uring chain of sends and receives.
//!
//! Linked (`IOSQE_IO_LINK`), each waits for the one before it; unlinked, two sends would meet on the
//! socket. A link breaks where a call fails, and what comes after it is cancelled; a short count does
//! not break it. `MSG_DONTWAIT` keeps the kernel from waiting for a socket to become ready, which one
//! of AF_ALG says always (`af_alg_poll`): so all is done when the submission returns.
//!
//! Nothing may lie in memory that is given back while the kernel may still use it: an exchange ends
//! when as many completions have come as entries were taken.

use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use io_uring::squeue::{self, Flags};
use io_uring::types::Fd;
use io_uring::{IoUring, Probe, opcode};

use super::descriptor::{File, file_of};
use super::fork::Receiving;
use super::msg::Header;
use super::{ControlBuffer, Slot, errno};
use crate::error::Errno;
use crate::process::generation;
use crate::request::{Direction, Exchange, Fate};

/// How many exchanges a chain has: twice as many entries, and 8 KiB for them in the kernel.
pub(crate) const CHAIN: usize = 64;

/// Idle rings of this process. A ring is one thread's at a time.
static IDLE: [Slot<Ring>; 8] = [const { Slot::new() }; 8];

/// Whether this process was told that it may not have one, or that the kernel has none.
static DENIED: AtomicBool = AtomicBool::new(false);

/// How long to look away from a completion that does not come: they are there at once.
const PAUSE: Duration = Duration::from_micros(50);

/// What the kernel reads of one send, and what it has answered.
struct Place {
    data: libc::iovec,
    header: Header,
    control: ControlBuffer,
    sent: Option<Result<usize, Errno>>,
    received: Option<Result<usize, Errno>>,
}

/// A ring, and the places of a chain.
struct Ring {
    uring: ManuallyDrop<IoUring>,
    file: Option<File>,
    places: Box<[Place]>,
    generation: u32,
}

/// How a chain ended for its ring.
enum End {
    /// All of it was taken, and is done.
    Clean,
    /// Some of it was not taken and is left in the ring, which is closed.
    Left,
    /// The ring was closed under us: what the kernel may still have of it stays where it is.
    Lost,
}

// SAFETY: the pointers in a place are of the exchange that filled it in, whose thread has the ring
// then; nobody follows them before the next one fills it in anew.
unsafe impl Send for Place {}

/// Whether a ring may be had.
pub(crate) fn may_exchange() -> bool {
    !DENIED.load(Ordering::Relaxed)
}

/// Runs a group of at most [`CHAIN`] exchanges and notes what became of each. `false`: there is no
/// ring to be had, and nothing was done.
pub(super) fn exchange(
    socket: BorrowedFd<'_>,
    direction: Direction,
    group: &mut [&mut Exchange<'_>],
) -> bool {
    let Some(mut ring) = take() else { return false };
    let end = ring.run(socket, direction, group);
    ring.judge(group);
    match end {
        End::Clean => keep(ring),
        End::Left => drop(ring),
        End::Lost => {
            Box::leak(ring);
        }
    }
    true
}

/// Puts a ring away for the next one; closes it where there is no place.
fn keep(mut ring: Box<Ring>) {
    for slot in &IDLE {
        match slot.put(ring) {
            Ok(()) => return,
            Err(back) => ring = back,
        }
    }
}

/// An idle ring of this process, or a new one; those of its parent are closed.
fn take() -> Option<Box<Ring>> {
    if !may_exchange() {
        return None;
    }
    let idle = IDLE.iter().filter_map(Slot::take).find(|ring| ring.is_ours());
    idle.or_else(|| Ring::new().inspect_err(note).ok().map(Box::new))
}

/// What is denied once is denied for good; memory and descriptors may be there the next time.
fn note(error: &io::Error) {
    let lasting = [errno::EPERM, errno::EACCES, errno::ENOSYS, errno::EINVAL, errno::EOPNOTSUPP];
    if error.raw_os_error().is_some_and(|code| lasting.contains(&Errno(code))) {
        DENIED.store(true, Ordering::Relaxed);
    }
}

impl Ring {
    fn new() -> io::Result<Self> {
        let entries = u32::try_from(2 * CHAIN).unwrap_or_default();
        let uring: IoUring = IoUring::builder().setup_coop_taskrun().build(entries)?;
        let mut probe = Probe::new();
        uring.submitter().register_probe(&mut probe)?;
        if !probe.is_supported(opcode::SendMsg::CODE) || !probe.is_supported(opcode::Recv::CODE) {
            return Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP));
        }
        let file = file_of(ring_fd(&uring));
        let places = (0..CHAIN).map(|_| Place::new()).collect();
        Ok(Self { uring: ManuallyDrop::new(uring), file, places, generation: generation() })
    }

    /// Runs the chain of a group.
    fn run(
        &mut self,
        socket: BorrowedFd<'_>,
        direction: Direction,
        group: &mut [&mut Exchange<'_>],
    ) -> End {
        let _receiving = Receiving::begin(socket);
        let mut entries = Vec::with_capacity(2 * CHAIN);
        for (place, (number, exchange)) in self.places.iter_mut().zip((0..).zip(&mut *group)) {
            entries.extend(place.fill(socket, direction, exchange, number));
        }
        if let Some(last) = entries.last_mut() {
            *last = last.clone().clear_flags(); // the end of the chain
        }
        // SAFETY: the places and the callers' buffers that the entries point to stay where they are
        // until `gather` has seen as many completions as the kernel has taken entries.
        if unsafe { self.uring.submission().push_multiple(&entries) }.is_err() {
            return End::Left;
        }
        let taken = match self.uring.submit() {
            Ok(taken) => taken,
            Err(error) => {
                if self.is_open() {
                    note(&error); // what another file answers says nothing of rings
                }
                0
            }
        };
        match self.gather(taken) {
            true if taken == entries.len() => End::Clean,
            true => End::Left,
            false => End::Lost,
        }
    }

    /// Looks for so many completions, until they are there or the ring is not ours any more:
    /// another thread has closed it, and the count was another one's. Never in the kernel, which
    /// might wait at that one for ever.
    fn gather(&mut self, count: usize) -> bool {
        let mut left = count;
        loop {
            for completion in self.uring.completion() {
                let (number, answer) = (completion.user_data(), completion.result());
                let answer = usize::try_from(answer).map_err(|_| Errno(-answer));
                let place = usize::try_from(number / 2).ok().and_then(|at| self.places.get_mut(at));
                if let Some(Place { sent, received, .. }) = place {
                    *(if number % 2 == 0 { sent } else { received }) = Some(answer);
                }
                left = left.saturating_sub(1);
            }
            if left == 0 {
                return true;
            }
            if !self.is_open() {
                return false;
            }
            sleep(PAUSE);
        }
    }

    /// Whether it is this process's, and open: another thread's `os.closerange` closes rings too.
    fn is_ours(&self) -> bool {
        self.generation == generation() && self.is_open()
    }

    /// Whether its descriptor is its own still: closed under us, its number may be another file's.
    fn is_open(&self) -> bool {
        file_of(ring_fd(&self.uring)) == self.file
    }

    /// Says what became of each exchange, and forgets it.
    fn judge(&mut self, group: &mut [&mut Exchange<'_>]) {
        for (place, exchange) in self.places.iter_mut().zip(group) {
            let (sent, received) = (place.sent.take(), place.received.take());
            exchange.fate = Fate::of(sent, received, exchange.input.len());
            place.control.forget();
        }
    }
}

impl Place {
    fn new() -> Self {
        let mut data = libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 };
        let header = Header::new(&raw mut data, None);
        Self { data, header, control: ControlBuffer::new(0), sent: None, received: None }
    }

    /// The send and the receive of an exchange.
    fn fill(
        &mut self,
        socket: BorrowedFd<'_>,
        direction: Direction,
        exchange: &mut Exchange<'_>,
        number: u64,
    ) -> [squeue::Entry; 2] {
        let (fd, iv_size) = (Fd(socket.as_raw_fd()), exchange.iv.bytes().len());
        if self.control.iv_size() != iv_size {
            self.control = ControlBuffer::new(iv_size);
        }
        self.control.set(direction, &exchange.iv);
        let input = exchange.input;
        self.data =
            libc::iovec { iov_base: input.as_ptr().cast_mut().cast(), iov_len: input.len() };
        self.header = Header::new(&raw mut self.data, Some(&self.control));
        let flags = libc::MSG_DONTWAIT;
        let send = opcode::SendMsg::new(fd, self.header.as_ptr()).flags(flags.cast_unsigned());
        let room = u32::try_from(input.len()).unwrap_or_default();
        let receive = opcode::Recv::new(fd, exchange.output.as_ptr(), room).flags(flags);
        let linked = |entry: squeue::Entry, at| entry.flags(Flags::IO_LINK).user_data(at);
        [linked(send.build(), 2 * number), linked(receive.build(), 2 * number + 1)]
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // Closed under us: its memory stays.
        if !self.is_open() {
            return;
        }
        if self.generation == generation() {
            // SAFETY: this is the only drop, and nothing uses the ring behind it.
            unsafe { ManuallyDrop::drop(&mut self.uring) }
        } else {
            // A parent's stays mapped. Children of User-mode Linux 6.1 and 6.12 that unmapped it were
            // found with a broken heap now and then (`fork_storm`); it is not known why.
            // SAFETY: the descriptor is this process's, open, and nothing uses it behind this.
            drop(unsafe { OwnedFd::from_raw_fd(self.uring.as_raw_fd()) });
        }
    }
}

fn ring_fd(ring: &IoUring) -> BorrowedFd<'_> {
    // SAFETY: the ring has the descriptor open for as long as it is borrowed; where somebody has
    // closed it under us, the number is only asked which file it is.
    unsafe { BorrowedFd::borrow_raw(ring.as_raw_fd()) }
}
