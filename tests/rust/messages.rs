//! Every way of cutting a message gives the bytes of the whole.

use afalg::constraints::{Continuation, Sibling};
use afalg::error::{Error, InputFault};
use afalg::request::Direction;

use crate::fake::Kernel;
use crate::fixture::{ALL, BOTH, PLACES, Place, Rig};
use crate::socket::PAGE;

/// Lengths around every place where this cipher may cut a message, up to three limits.
fn lengths(rig: &Rig) -> Vec<usize> {
    let (chunk, limit) = (rig.chunk(), rig.limit);
    let near = [0, 1, chunk - 1, chunk, chunk + 1];
    let around = |place: usize| near.map(|step| [place.saturating_sub(step), place + step]);
    let places = [0, 2 * chunk, limit, 2 * limit, 3 * limit];
    let mut all: Vec<usize> = places.into_iter().flat_map(around).flatten().collect();
    all.sort_unstable();
    all.dedup();
    all.retain(|len| rig.takes(*len));
    all
}

/// Whether the parts may end there: the last part of a cts message has more than a block.
fn may_end(rig: &Rig, ends: &[usize]) -> bool {
    let [before @ .., end] = ends else { return false };
    let start = before.last().copied().unwrap_or_default();
    match rig.cipher.continuation() {
        Continuation::OneRequest => start == 0,
        Continuation::Sibling(Sibling::Cts) => {
            start == 0 || (rig.chunk() + 1..=2 * rig.chunk()).contains(&(end - start))
        }
        _ => true,
    }
}

/// A message in these parts comes out as it does whole, in all four ways.
fn check_parts(rig: &Rig, ends: &[usize]) {
    let (name, len) = (&rig.cipher.constraints().algorithm, ends[ends.len() - 1]);
    for direction in BOTH {
        let (input, due) = rig.pair(direction, len);
        for place in PLACES {
            let got = rig.in_parts(direction, place, &input, ends);
            let right = got.is_ok_and(|got| got == due);
            assert!(right, "{name} {direction:?} {place:?} in parts that end at {ends:?}");
        }
    }
}

#[test]
fn whole_messages_of_any_length_come_out_right() {
    for name in ALL {
        let rig = Rig::new(name);
        for len in lengths(&rig) {
            for direction in BOTH {
                for place in PLACES {
                    rig.check(direction, place, len);
                }
            }
        }
        assert!(rig.kernel.ops().len() <= 2, "{name}: one idle op socket for each tfm");
    }
}

#[test]
fn every_split_of_a_small_message_comes_out_right() {
    const CUTS: usize = 6;
    for name in ALL {
        let rig = Rig::new(name);
        let chunk = rig.chunk();
        for tail in [1, chunk / 2, chunk - 1, chunk] {
            let len = CUTS * chunk + tail;
            for split in 0..1_usize << CUTS {
                let cuts = (0..CUTS).filter(|cut| split >> cut & 1 == 1);
                let mut ends: Vec<usize> = cuts.map(|cut| (cut + 1) * chunk).collect();
                ends.push(len);
                if rig.takes(len) && may_end(&rig, &ends) {
                    check_parts(&rig, &ends);
                }
            }
        }
    }
}

#[test]
fn parts_around_the_limit_come_out_right() {
    for name in ALL {
        let rig = Rig::new(name);
        let (chunk, limit) = (rig.chunk(), rig.limit);
        for first in [chunk, limit - chunk, limit, limit + chunk, 2 * limit + chunk] {
            for second in [chunk, limit - chunk, limit, limit + chunk] {
                let ends = [first, first + second, first + second + 2 * chunk];
                if may_end(&rig, &ends) {
                    check_parts(&rig, &ends);
                }
            }
        }
    }
}

#[test]
fn empty_parts_change_nothing() {
    for name in ALL {
        let rig = Rig::new(name);
        let (chunk, limit) = (rig.chunk(), rig.limit);
        let in_between = [0, limit + chunk, limit + chunk, limit + 3 * chunk];
        let at_the_end = [chunk, limit + chunk, limit + chunk];
        for ends in [&[0, 3 * chunk][..], &in_between, &at_the_end] {
            if may_end(&rig, ends) {
                check_parts(&rig, ends);
            }
        }
        assert!(rig.in_parts(BOTH[0], Place::Apart, &[], &[0, 0]).is_ok_and(|got| got.is_empty()));
    }
}

#[test]
fn an_empty_message_is_not_sent() {
    for name in ALL {
        let rig = Rig::new(name);
        rig.in_parts(Direction::Encrypt, Place::Apart, &[], &[0]).unwrap();
        rig.crypt(Direction::Encrypt, Place::Apart, &[]).unwrap();
        assert_eq!(rig.kernel.calls(), [], "{name}");
    }
}

#[test]
fn a_message_beyond_one_request_is_refused_where_it_cannot_go_on() {
    for name in ["xts(aes)", "hctr2(aes)", "essiv(cbc(aes),sha256)"] {
        let rig = Rig::new(name);
        assert_eq!(rig.cipher.max_message(), Some(rig.limit));
        let failure = rig.crypt(Direction::Encrypt, Place::Apart, &vec![0; rig.limit + 16]);
        let error = failure.unwrap_err().error;
        assert!(matches!(error, Error::Input { fault: InputFault::TooLong, .. }), "{name}");
        assert!(error.to_string().contains(&format!("at most {} in", rig.limit)), "{error}");
        assert_eq!(rig.kernel.calls(), [], "{name}");
        rig.check(Direction::Encrypt, Place::Apart, rig.limit);
        assert_eq!(rig.kernel.ops().len(), 1, "{name}");
    }
}

#[test]
fn only_modes_that_cannot_go_on_have_a_largest_message() {
    for name in ALL {
        let rig = Rig::new(name);
        let bounded = rig.cipher.continuation() == Continuation::OneRequest;
        assert_eq!(rig.cipher.max_message().is_some(), bounded, "{name}");
    }
}

/// With a send buffer as large as the receive buffer, as Linux makes them, the last run of pages
/// of a message that fills both would be a request of its own.
#[test]
fn the_largest_message_is_one_request_wherever_the_output_lies() {
    let pages = 52 * PAGE; // as many as they have where nobody has changed that
    let rig = Rig::with(Kernel::new((pages, pages)), "xts(aes)", pages - PAGE);
    assert_eq!(rig.cipher.max_message(), Some(rig.limit));
    let (input, due) = rig.pair(Direction::Encrypt, rig.limit);
    let mut memory = vec![0; rig.limit + 2 * PAGE];
    let start = memory.as_ptr().addr().next_multiple_of(PAGE) - memory.as_ptr().addr();
    for at in [start, start + 1, start + 16, start + PAGE - 1] {
        let output = &mut memory[at..at + rig.limit];
        rig.crypt_into(Direction::Encrypt, &input, output).unwrap();
        assert!(*output == *due, "{} bytes behind the start of a page", at - start);
    }
}

#[test]
fn buffers_that_are_not_whole_pages_are_used_in_whole_pages() {
    for (buffers, limit) in [
        ((0, 0), PAGE),
        ((2 * PAGE - 1, 3 * PAGE), PAGE),
        ((2 * PAGE + PAGE / 2, 8 * PAGE), 2 * PAGE),
        ((8 * PAGE, 3 * PAGE + PAGE / 2), 2 * PAGE),
    ] {
        let rig = Rig::with(Kernel::new(buffers), "xts(aes)", limit);
        assert_eq!(rig.cipher.max_message(), Some(limit), "{buffers:?}");
        rig.check(Direction::Encrypt, Place::Apart, limit);
        let rig = Rig::with(Kernel::new(buffers), "cbc(aes)", limit);
        rig.check(Direction::Encrypt, Place::Apart, 3 * limit + 16);
        let pieces: Vec<usize> = rig.sends().iter().map(|sent| sent.len).collect();
        assert_eq!(pieces, [limit, limit, limit, 16], "{buffers:?}");
    }
}
