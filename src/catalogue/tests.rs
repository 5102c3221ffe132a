use super::*;
use crate::kernel::parse_proc_crypto;

const MIXED: &str = include_str!("../../tests/fixtures/proc_crypto/mixed.txt");
const STOCK: &str = include_str!("../../tests/fixtures/proc_crypto/stock-6.1.txt");

fn found<'i>(all: &'i [AlgorithmInfo], name: &str) -> Option<&'i AlgorithmInfo> {
    all.iter().find(|info| info.algorithm.as_str() == name)
}

#[test]
fn every_name_is_there_once_with_the_driver_that_serves() {
    let all = all(&parse_proc_crypto(STOCK), false);
    for (one, next) in all.iter().zip(all.iter().skip(1)) {
        let key = |info: &AlgorithmInfo| (info.kind, info.algorithm.as_str().to_owned());
        assert!(key(one) < key(next));
    }
    let cbc = found(&all, "cbc(aes)").unwrap();
    assert_eq!(cbc.entry.as_ref().unwrap().driver, "cbc-aes-aesni");
    assert!(cbc.in_kernel && cbc.open_to.is_none() && cbc.reason.is_none());
    assert_eq!(found(&all, "sha256").unwrap().kind, AlgType::Hash);
    assert!(found(&all, "__cbc(aes)").is_none(), "internal ones are nobody's");
}

#[test]
fn the_usual_names_are_there_whatever_is_listed() {
    let all = all(&[], true);
    assert_eq!(all.len(), userspace::names().count());
    assert!(BUILT_IN_NAMES.iter().all(|name| found(&all, name).is_some()));
    let xts = found(&all, "xts(aes)").unwrap();
    assert!(!xts.in_kernel && xts.entry.is_none());
    assert_eq!(xts.continuation, Some(Continuation::OneRequest));
    assert_eq!(xts.constraints.as_ref().unwrap().sizes.iv, 16);
    assert_eq!(xts.beside, Some(Beside { provider: "userspace", constant_time: true }));
}

#[test]
fn a_broken_record_keeps_what_it_has() {
    let all = all(&parse_proc_crypto(MIXED), false);
    let odd = found(&all, "odd(aes)").unwrap();
    assert!(odd.constraints.is_none() && odd.continuation.is_none());
    assert_eq!(odd.entry.as_ref().unwrap().block, Some(16));
}

#[test]
fn what_nobody_may_bind_is_left_out() {
    let text = "name : ecb(arc4)\ntype : lskcipher\n\n\
                name : cbc(x)\ntype : skcipher\nfips : no\n\n\
                name : cbc(y)\ntype : skcipher\nfips : yes\n\n\
                name : cbc(z)\ntype : skcipher\nasync : yes\n";
    let all = all(&parse_proc_crypto(text), true);
    let names = ["ecb(arc4)", "cbc(x)", "cbc(y)", "cbc(z)"];
    assert_eq!(names.map(|name| found(&all, name).is_some()), [false, false, true, false]);
}
