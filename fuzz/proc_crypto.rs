//! libFuzzer's target: any bytes for /proc/crypto. `make fuzz` runs it.
#![no_main]

mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::holds(data));
