//! The kernel provider over a fake kernel: no AF_ALG is needed, so these tests run everywhere.
#![cfg(test)]

mod continuations;
mod fake;
mod faults;
mod fixture;
mod fork;
mod group;
mod invariants;
mod keyring;
mod known_answer;
mod messages;
mod pool;
mod reference;
mod rules;
mod socket;
mod toy;
