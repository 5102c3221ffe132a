//! One message without Python: the userspace provider's whole cost, and with the feature `instrument`
//! the kernel provider's, over sockets that give back what was sent, next to the two calls alone.
//!
//! ```sh
//! cargo bench --features instrument
//! ```
//!
//! Threads share one cipher. What comes out is compared each time, outside of what is timed.

use std::cell::RefCell;

use afalg::algorithm::Algorithm;
use afalg::process::Process;
use afalg::provider::{Choice, GivenKey, Provider, select};
use afalg::request::{Direction, Iv, Request};
use afalg::span::{In, Out};
use divan::Bencher;
use divan::counter::BytesCount;

const SIZES: [usize; 4] = [16, 4096, 64 << 10, 1 << 20];
const THREADS: [usize; 2] = [1, 2];
const NAME: &str = "cbc(aes)";

fn main() {
    divan::main();
}

fn message(size: usize) -> Vec<u8> {
    (0..=250).cycle().take(size).collect()
}

fn cipher(choice: Choice) -> Provider {
    let name = Algorithm::new(NAME).expect("it is a name");
    let key = GivenKey::Bytes(In::from_slice(&[7; 32]));
    select(&Process::default(), choice, &name, key, &mut || false).expect("it is served")
}

/// Encrypts a message, and compares what came out with what does each time.
fn encrypt(bencher: Bencher<'_, '_>, size: usize, choice: Choice) {
    let (cipher, data, iv) = (cipher(choice), message(size), Iv::joined(&[&[0; 16]]));
    let iv = iv.expect("it is not too long");
    let into = |result: &mut [u8]| {
        let (input, output) = (In::from_slice(&data), Out::from_slice(result));
        let request = Request { direction: Direction::Encrypt, iv: &iv, input, output };
        cipher.crypt(request, &mut || false)
    };
    let mut right = vec![0; size];
    assert_eq!(into(&mut right), Ok(size));
    timed(bencher, &right, |result| into(result).is_ok());
}

thread_local! {
    /// Where results go: memory that is there, since to have it from the system is dearer than much
    /// of what is measured.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Times what fills a buffer; looks at it behind each sample.
fn timed(bencher: Bencher<'_, '_>, right: &[u8], fill: impl Fn(&mut [u8]) -> bool + Sync) {
    let bencher = bencher.counter(BytesCount::of_slice(right));
    bencher.with_inputs(|| Look::begin(right)).bench_refs(|_| {
        BUFFER.with_borrow_mut(|buffer| assert!(fill(buffer)));
    });
}

/// Sees what is in the thread's buffer in the end.
struct Look<'a>(&'a [u8]);

impl<'a> Look<'a> {
    fn begin(right: &'a [u8]) -> Self {
        BUFFER.with_borrow_mut(|buffer| {
            buffer.clear();
            buffer.resize(right.len(), 0);
        });
        Self(right)
    }
}

impl Drop for Look<'_> {
    fn drop(&mut self) {
        BUFFER.with_borrow(|buffer| assert!(buffer == self.0, "wrong bytes"));
    }
}

#[divan::bench(args = SIZES, threads = THREADS, sample_size = 32)]
fn userspace(bencher: Bencher<'_, '_>, size: usize) {
    encrypt(bencher, size, Choice::Userspace);
}

#[cfg(feature = "instrument")]
mod instrument {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    use super::{Bencher, Choice, SIZES, THREADS, encrypt, message, timed};

    #[divan::bench(args = SIZES, threads = THREADS, sample_size = 32)]
    fn kernel(bencher: Bencher<'_, '_>, size: usize) {
        encrypt(bencher, size, Choice::Kernel);
    }

    /// A socket like the provider's, one to a thread.
    fn connected_to_itself() -> UnixDatagram {
        let name = format!("afalg-{}-{:?}", std::process::id(), std::thread::current().id());
        let address = SocketAddr::from_abstract_name(name).expect("a name");
        let socket = UnixDatagram::bind_addr(&address).expect("it is free");
        socket.connect_addr(&address).expect("it is there");
        socket
    }

    #[divan::bench(args = SIZES, threads = THREADS, sample_size = 32)]
    fn two_calls(bencher: Bencher<'_, '_>, size: usize) {
        thread_local! { static SOCKET: UnixDatagram = connected_to_itself(); }
        let data = message(size);
        // Half a MiB would not fit the usual send buffer.
        let piece = 128 << 10;
        timed(bencher, &data, |result| {
            SOCKET.with(|socket| {
                data.chunks(piece).zip(result.chunks_mut(piece)).all(|(from, to)| {
                    socket.send(from).is_ok() && socket.recv(to).is_ok_and(|got| got == from.len())
                })
            })
        });
    }
}
