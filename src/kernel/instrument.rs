//! A transport that computes nothing, for benches: what is sent comes back. It makes the calls that
//! AF_ALG takes, so that everything else about a request can be measured on any machine.
//!
//! Each send is a datagram of its own, so pieces have to be sent and received in step, as the request
//! loop does it.

use super::transport::Transport;
use crate::algorithm::{AlgType, Algorithm};
use crate::error::{Errno, Refusal};
use crate::key::Key;
use crate::request::{Direction, Exchange, Iv};
use crate::span::{In, Out};
use crate::sys::{CHAIN, OpSocket, may_exchange};

/// Sockets that are connected to themselves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Instrument;

impl Transport for Instrument {
    type Tfm = ();
    type Op = OpSocket;
    const CHAIN: usize = CHAIN;
    const COMPUTES: bool = false;

    fn open(&self, _: AlgType, _: &Algorithm) -> Result<(), Refusal> {
        Ok(())
    }

    fn set_key(&self, (): &(), _: Key<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    fn takes_serials(&self, (): &()) -> Result<bool, Errno> {
        Ok(false)
    }

    fn accept(&self, (): &(), iv_size: usize) -> Result<OpSocket, Refusal> {
        OpSocket::connected_to_itself(iv_size)
    }

    fn grow_buffers(&self, op: &OpSocket, send: usize, receive: usize) -> (usize, usize) {
        op.grow_for_datagrams(send, receive)
    }

    fn send(
        &self,
        op: &mut OpSocket,
        head: Option<(Direction, &Iv)>,
        data: In<'_>,
        more: bool,
    ) -> Result<usize, Errno> {
        op.send(head, data, more)
    }

    fn receive(&self, op: &mut OpSocket, out: &mut Out<'_>) -> Result<usize, Errno> {
        op.receive(out)
    }

    fn may_exchange(&self) -> bool {
        may_exchange()
    }

    fn exchange(
        &self,
        op: &mut OpSocket,
        direction: Direction,
        group: &mut [&mut Exchange<'_>],
    ) -> bool {
        op.exchange(direction, group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{KernelCipher, trust};
    use crate::process::{Process, Verdict};
    use crate::request::Request;

    fn opened(name: &str, key: usize) -> KernelCipher<Instrument> {
        let (process, algorithm) = (Process::default(), Algorithm::new(name).unwrap());
        assert_eq!(trust(&process, &Instrument, &algorithm), Ok(Verdict::NotAsked), "{name}");
        let key = vec![7; key];
        let key = Key::Bytes(In::from_slice(&key));
        KernelCipher::open(&process, &Instrument, &algorithm, key).unwrap()
    }

    fn comes_back(cipher: &KernelCipher<Instrument>, len: usize) -> bool {
        let data: Vec<u8> = (0..len).map(|at| at.to_le_bytes()[at % 3]).collect();
        let mut result = vec![0; len];
        let iv = Iv::joined(&[&vec![0; cipher.constraints().sizes.iv]]).unwrap();
        let (input, output) = (In::from_slice(&data), Out::from_slice(&mut result));
        let request = Request { direction: Direction::Encrypt, iv: &iv, input, output };
        cipher.crypt(request, &mut || false).unwrap();
        data == result
    }

    #[test]
    fn what_is_sent_comes_back_however_it_is_cut() {
        for (name, key) in [("cbc(aes)", 32), ("ofb(aes)", 16), ("chacha20", 32)] {
            let cipher = opened(name, key);
            for len in [16, 4096, 65536, (512 << 10) - 16, 512 << 10, (1 << 20) + 16, 4 << 20] {
                assert!(comes_back(&cipher, len), "{len} of {name}");
            }
        }
    }

    #[test]
    fn the_longest_request_is_one_datagram() {
        let cipher = opened("xts(aes)", 64);
        assert!(comes_back(&cipher, cipher.max_message().unwrap()));
    }

    #[test]
    fn threads_share_a_cipher() {
        let cipher = opened("cts(cbc(aes))", 16);
        std::thread::scope(|scope| {
            for thread in 1..5 {
                let cipher = &cipher;
                scope.spawn(move || {
                    for round in 0..50 {
                        let len = 16 * thread + round;
                        assert!(comes_back(cipher, len), "{len} in thread {thread}");
                    }
                });
            }
        });
    }
}
