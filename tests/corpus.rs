//! Replays what the fuzzer has found worth keeping, and what real kernels say. Needs no fuzzer.
#![cfg(test)]

use std::fs;
use std::path::Path;

#[path = "../fuzz/property.rs"]
mod property;

#[test]
fn the_property_holds_for_the_whole_corpus() {
    let mut count = 0;
    for folder in ["fuzz/corpus/proc_crypto", "tests/fixtures/proc_crypto"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for file in fs::read_dir(folder).unwrap() {
            property::holds(&fs::read(file.unwrap().path()).unwrap());
            count += 1;
        }
    }
    assert!(count > 50, "only {count} files: where is the corpus?");
}
