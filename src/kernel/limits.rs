//! What one kernel request may carry in this process.
//!
//! An op socket holds at most its send buffer, in whole pages (`af_alg_sndbuf`), and what the
//! kernel keeps about those pages is charged to `net.core.optmem_max`: about 100 bytes a page,
//! beyond which it answers ENOMEM (on Linux 6.1 for ever). Hence 128 bytes a page here: 512 KiB
//! where optmem_max is 20480 (6.1), 4 MiB where it is 131072 (6.7 and newer).
//!
//! Where optmem_max is small, what it takes for the first page counts: a list of 4096 bytes for
//! every 127 pages sent (`af_alg_tsgl`) and one to two thousand for the request itself; each page
//! then costs 54 bytes. A value of 8192 carries 59 pages on 6.1, one of 6144 carries 21, and one of
//! 4096 none at all.

use std::thread::available_parallelism;

use super::proc::number;
use crate::process::Limits;
use crate::sys;

const OPTMEM_A_PAGE: usize = 128;
/// What a request takes before its first page, and then for each of the first 127.
const OPTMEM_A_REQUEST: usize = 6144;
const OPTMEM_A_FIRST_PAGE: usize = 64;
/// Linux 6.1's, the smallest of all that are supported.
const SMALLEST_OPTMEM: usize = 20480;

impl Limits {
    /// Reads them.
    pub(super) fn read() -> Self {
        Self {
            page: sys::page_size(),
            optmem: number("/proc/sys/net/core/optmem_max"),
            cpus: available_parallelism().map_or(1, usize::from),
        }
    }

    /// The largest request that optmem carries, as a power of two.
    fn largest(&self) -> usize {
        let optmem = self.optmem.unwrap_or(SMALLEST_OPTMEM);
        let small = optmem.saturating_sub(OPTMEM_A_REQUEST) / OPTMEM_A_FIRST_PAGE;
        let pages = small.min(optmem / OPTMEM_A_PAGE);
        self.page << if pages == 0 { 0 } else { pages.ilog2() }
    }

    /// How large the send and the receive buffer of an op socket should be.
    pub(super) fn wanted_buffers(&self) -> (usize, usize) {
        (self.largest(), self.largest() + self.page)
    }

    /// How much one request carries over a send and a receive buffer of such sizes.
    ///
    /// One page of the receive buffer stays free. A receive takes the output in runs of 16 pages
    /// and stops, with a request of its own for the rest, once less than a page of the buffer is
    /// left (`af_alg_get_rsgl`); over an output that does not begin at a page, the last run of a
    /// full buffer would be such a rest. Most modes do not survive that, and before 6.12.117 and
    /// 7.3 none does where the runs do not end at a block.
    pub(super) fn usable(&self, (send, receive): (usize, usize)) -> usize {
        let bytes = send.min(receive.saturating_sub(self.page));
        (bytes - bytes % self.page).clamp(self.page, self.largest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optmem_bounds_a_request() {
        for (optmem, largest) in [
            (None, 512 << 10),
            (Some(20480), 512 << 10),
            (Some(131_072), 4 << 20),
            (Some(10240), 256 << 10),
            (Some(8192), 128 << 10),
            (Some(6144), 4096),
            (Some(0), 4096),
        ] {
            let limits = Limits { page: 4096, optmem, cpus: 1 };
            assert_eq!(limits.wanted_buffers(), (largest, largest + 4096));
            assert_eq!(limits.usable((8 << 20, 8 << 20)), largest);
            assert_eq!(limits.usable((0, 0)), 4096);
        }
    }

    #[test]
    fn a_page_of_the_receive_buffer_stays_free() {
        let limits = Limits { page: 4096, optmem: Some(131_072), cpus: 1 };
        assert_eq!(limits.usable((212_992, 212_992)), 212_992 - 4096);
        assert_eq!(limits.usable((212_992, 400_000)), 212_992);
        assert_eq!(limits.usable((400_000, 212_992)), 212_992 - 4096);
    }
}
