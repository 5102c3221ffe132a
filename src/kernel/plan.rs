//! How a message is cut into kernel requests. Pure: lengths in, pieces out.
//!
//! One op socket carries at most its send buffer (`af_alg_writable`), so a longer message goes in
//! pieces. Where it may be cut, and whether the IV goes along again, is the mode's
//! [`Continuation`]; a cut at the wrong place gives wrong bytes and no error.

use crate::constraints::{Constraints, Continuation, Counter, Sibling};
use crate::request::Iv;

/// The largest piece of a message that may be cut. Larger ones leave the cache: `ecb(cipher_null)`
/// on 7.2 does 3.4 GB/s with 64 KiB, 5.6 with 512 KiB and 4.4 with 4 MiB.
const FASTEST: usize = 512 << 10;

/// What one `sendmsg` carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// How many bytes.
    pub(super) len: usize,
    /// Whether operation and IV go along.
    pub(super) head: bool,
    /// Whether `MSG_MORE` keeps the kernel's request open behind it.
    pub(super) more: bool,
}

/// How the bytes of one tfm may be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// At chunks; the op socket chains the IV.
    Chained {
        /// The chunk.
        chunk: usize,
    },
    /// At chunks, each piece a request of its own with its counter, none across the counter's wrap.
    Counted {
        /// The chunk.
        chunk: usize,
        /// How many bytes to the first wrap of the kernel's 32-bit counter.
        to_wrap: usize,
    },
    /// Not at all.
    Never,
}

/// The pieces of a message, or of a part of it that goes through one tfm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// How it may be cut.
    pub(super) cut: Cut,
    /// The largest piece.
    pub(super) limit: usize,
    /// How many bytes in all.
    pub(super) len: usize,
    /// Whether the message ends with them.
    pub(super) ends: bool,
}

impl Plan {
    /// The piece after the first `done` bytes. `begun`: this op socket has had operation and IV.
    pub(super) fn piece(&self, done: usize, begun: bool) -> Option<Piece> {
        let left = self.len.checked_sub(done).filter(|left| *left > 0)?;
        Some(match self.cut {
            Cut::Never => Piece { len: left, head: true, more: false },
            Cut::Chained { chunk } => {
                let len = self.part(left, chunk);
                Piece { len, head: !begun, more: len < left || !self.ends }
            }
            Cut::Counted { chunk, to_wrap } => {
                let len = self.part(left, chunk).min(before_wrap(done, to_wrap, chunk));
                Piece { len, head: true, more: false }
            }
        })
    }

    /// Goes on over an op socket that carries `limit`, with half of the `piece` that was too much.
    pub(super) fn halve(&mut self, piece: usize, limit: usize) {
        self.limit = piece.div_ceil(2).min(limit);
    }

    /// All that is left, or so many whole chunks of it as the limit has; no more than what goes
    /// fastest.
    fn part(&self, left: usize, chunk: usize) -> usize {
        let limit = self.limit.min(FASTEST);
        if left <= limit {
            return left;
        }
        let whole = limit - limit % chunk;
        if whole == 0 { chunk.min(left) } else { whole }
    }
}

/// How many bytes from `done` to the next wrap of a 32-bit counter of chunks.
fn before_wrap(done: usize, first: usize, chunk: usize) -> usize {
    let period = chunk.saturating_mul(1 << 32);
    match first.checked_sub(done) {
        Some(left) if left > 0 => left,
        _ => period - (done - first) % period,
    }
}

/// Where the bytes of a message go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// All through the algorithm's own tfm.
    Own(Cut),
    /// All through the sibling's.
    Sibling,
    /// So many through the sibling's, the rest through its own.
    HeadThroughSibling(usize),
    /// Nowhere: beyond one request, in a mode that cannot go on.
    TooLong,
}

/// Finds the way of a message of `len` bytes.
pub(super) fn route(
    constraints: &Constraints,
    continuation: Continuation,
    limit: usize,
    len: usize,
    iv: &Iv,
) -> Route {
    let fits = len <= limit;
    match continuation {
        Continuation::Counter(counter) => Route::Own(counted(constraints, counter, iv)),
        Continuation::Iv(_) | Continuation::KernelIv => {
            Route::Own(Cut::Chained { chunk: constraints.sizes.chunk.max(1) })
        }
        _ if fits => Route::Own(Cut::Never),
        Continuation::Sibling(Sibling::Rfc3686) => Route::Sibling,
        Continuation::Sibling(Sibling::Cts) => {
            Route::HeadThroughSibling(Sibling::before_cts_tail(len, constraints.sizes.block))
        }
        Continuation::OneRequest => Route::TooLong,
    }
}

/// How a message with a counter is cut.
pub(super) fn counted(constraints: &Constraints, counter: Counter, iv: &Iv) -> Cut {
    let chunk = constraints.sizes.chunk.max(1);
    let blocks = usize::try_from(counter.blocks_to_wrap(iv)).unwrap_or(usize::MAX);
    Cut::Counted { chunk, to_wrap: blocks.saturating_mul(chunk) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(plan: Plan) -> Vec<Piece> {
        let (mut done, mut all) = (0, Vec::new());
        while let Some(piece) = plan.piece(done, done > 0) {
            all.push(piece);
            done += piece.len;
        }
        all
    }

    /// What holds for every plan: the pieces make up the message, none is empty or too large.
    fn check(plan: Plan, chunk: usize) -> Vec<Piece> {
        let all = pieces(plan);
        assert_eq!(all.iter().map(|piece| piece.len).sum::<usize>(), plan.len, "{plan:?}");
        for (at, piece) in all.iter().enumerate() {
            assert!(piece.len > 0, "{plan:?}");
            assert!(plan.cut == Cut::Never || piece.len <= plan.limit.max(chunk), "{plan:?}");
            let last = at + 1 == all.len();
            assert!(last || piece.len % chunk == 0, "{plan:?}: cut inside a chunk");
        }
        all
    }

    #[test]
    fn chained_messages_send_their_iv_once_and_stay_open_to_the_end() {
        for (chunk, limit) in [(1, 5), (8, 8), (16, 64), (16, 70), (64, 200), (16, 7)] {
            for len in 0..=3 * limit + chunk {
                for ends in [true, false] {
                    let plan = Plan { cut: Cut::Chained { chunk }, limit, len, ends };
                    let all = check(plan, chunk);
                    for (at, piece) in all.iter().enumerate() {
                        assert_eq!(piece.head, at == 0, "{plan:?}");
                        assert_eq!(piece.more, at + 1 < all.len() || !ends, "{plan:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn counted_pieces_are_requests_of_their_own() {
        for (limit, to_wrap) in [(64, 64), (128, 64), (200, 256), (256, 1 << 38)] {
            for len in 0..=3 * limit {
                let plan =
                    Plan { cut: Cut::Counted { chunk: 64, to_wrap }, limit, len, ends: true };
                let mut done = 0;
                for piece in check(plan, 64) {
                    assert!(piece.head && !piece.more, "{plan:?}");
                    let crosses = done < to_wrap && done + piece.len > to_wrap;
                    assert!(!crosses, "{plan:?}: a piece across the counter's wrap");
                    done += piece.len;
                }
            }
        }
    }

    #[test]
    fn wraps_come_again_every_2_to_the_32_blocks() {
        let period = 64 << 32;
        assert_eq!(before_wrap(0, 64, 64), 64);
        assert_eq!(before_wrap(64, 64, 64), period);
        assert_eq!(before_wrap(64 + 128, 64, 64), period - 128);
        assert_eq!(before_wrap(64 + period, 64, 64), period);
    }

    #[test]
    fn what_cannot_be_cut_goes_whole() {
        for len in 1..200 {
            let plan = Plan { cut: Cut::Never, limit: 64, len, ends: true };
            assert_eq!(pieces(plan), [Piece { len, head: true, more: false }]);
        }
    }

    #[test]
    fn half_pieces_still_make_the_message() {
        for len in 0..300 {
            let cut = Cut::Chained { chunk: 16 };
            let mut plan = Plan { cut, limit: 96, len, ends: true };
            plan.halve(96, 4096);
            assert!(check(plan, 16).iter().all(|piece| piece.len <= 48));
        }
    }

    #[test]
    fn routes_follow_the_continuation_at_every_length() {
        let named = |name: &str| {
            let algorithm = crate::algorithm::Algorithm::new(name).unwrap();
            Constraints::built_in(&algorithm).unwrap().unwrap()
        };
        let limit = 64;
        let way = |name: &str, len: usize| {
            let constraints = named(name);
            let iv = Iv::joined(&[&[0; 32][..constraints.sizes.iv]]).unwrap();
            route(&constraints, constraints.continuation, limit, len, &iv)
        };
        for len in 0..=3 * limit {
            let fits = len <= limit;
            let never = Route::Own(Cut::Never);
            assert_eq!(way("cbc(aes)", len), Route::Own(Cut::Chained { chunk: 16 }));
            assert_eq!(way("ofb(aes)", len), Route::Own(Cut::Chained { chunk: 16 }));
            let counted = Cut::Counted { chunk: 64, to_wrap: 64 << 32 };
            assert_eq!(way("chacha20", len), Route::Own(counted));
            assert_eq!(way("xts(aes)", len), if fits { never } else { Route::TooLong });
            assert_eq!(way("rfc3686(ctr(aes))", len), if fits { never } else { Route::Sibling });
            let cts = Route::HeadThroughSibling(Sibling::before_cts_tail(len, 16));
            assert_eq!(way("cts(cbc(aes))", len), if fits { never } else { cts });
        }
    }
}
