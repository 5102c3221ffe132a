//! Units: pieces of one size, each a message of its own whose IV is its number, as disks have
//! sectors. The numbers' forms are dm-crypt's (drivers/md/dm-crypt.c, `crypt_iv_plain64_gen` and its
//! neighbours).

use std::mem::replace;

use super::Failure;
use super::spread::{of_use, run};
use crate::constraints::{Constraints, bytes};
use crate::error::{Error, InputFault, Result};
use crate::provider::Provider;
use crate::request::{Direction, Exchange, Fate, Hook, Iv};
use crate::span::{In, Out, Overlap};

/// How a unit's number is written as its IV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// 64 bits little-endian, zeros behind them.
    Plain64,
    /// 64 bits big-endian, zeros before them.
    Plain64Be,
    /// Big-endian too: the number of the first cipher block, counted from 1, of a unit whose number
    /// counts 512 bytes.
    Benbi,
}

/// How data is cut into units, and how they are numbered.
#[derive(Clone, Copy, Debug)]
pub struct Units {
    /// Bytes of a unit.
    pub size: usize,
    /// How a number becomes an IV.
    pub numbering: Numbering,
    /// The number of the first unit.
    pub first: u64,
    /// From one number to the next.
    pub step: u64,
}

impl Numbering {
    /// Reads its name, of dm-crypt.
    ///
    /// # Errors
    /// [`Error::Input`] for any other word.
    pub fn parse(word: &str) -> Result<Self> {
        match word {
            "plain64" => Ok(Self::Plain64),
            "plain64be" => Ok(Self::Plain64Be),
            "benbi" => Ok(Self::Benbi),
            other => Err(argument(format!(
                "iv is {other:?}, it must be \"plain64\", \"plain64be\" or \"benbi\""
            ))),
        }
    }

    /// What is written for a number, over a cipher with blocks of so many bytes.
    const fn value(self, number: u128, block: usize) -> u128 {
        match self {
            Self::Plain64 | Self::Plain64Be => number,
            Self::Benbi => number.saturating_mul((SECTOR / block) as u128).saturating_add(1),
        }
    }

    /// Writes a value that fits 64 bits.
    fn write(self, value: u64, iv: &mut Iv) {
        let place = iv.bytes_mut();
        let at = if self == Self::Plain64 { 0 } else { place.len() - 8 };
        let value = if self == Self::Plain64 { value.to_le_bytes() } else { value.to_be_bytes() };
        place.iter_mut().skip(at).zip(value).for_each(|(to, from)| *to = from);
    }
}

/// What benbi's numbers count, in bytes.
const SECTOR: usize = 512;

impl Units {
    /// Checks the rules, and that `len` bytes are whole units with numbers below 2^64.
    ///
    /// # Errors
    /// [`Error::Input`].
    pub fn check(&self, provider: &Provider, len: usize) -> Result<()> {
        let constraints = provider.constraints();
        check_mode(constraints)?;
        self.check_size(provider)?;
        if !len.is_multiple_of(self.size) {
            let text = format!("data has {}, which is no whole number of units", bytes(len));
            return Err(Error::input(
                InputFault::Length,
                format!("{text} of {}; cut it there, or pad it", bytes(self.size)),
            ));
        }
        if self.step == 0 {
            return Err(argument("iv_step is 0, each unit needs a number of its own; use 1"));
        }
        let block = constraints.sizes.block;
        if self.numbering == Numbering::Benbi && (block > SECTOR || !SECTOR.is_multiple_of(block)) {
            return Err(argument(format!(
                "benbi counts blocks of 512 bytes' sectors, which blocks of {block} are not"
            )));
        }
        self.check_lrw(constraints)?;
        let last = self.value((len / self.size).saturating_sub(1), block);
        if last > u128::from(u64::MAX) {
            return Err(argument(format!(
                "the last unit's iv would be {last}, beyond 64 bits, where it would begin again \
                 at 0; begin lower, or take fewer units"
            )));
        }
        Ok(())
    }

    /// lrw's IV is the number of the unit's first block: units may not reach into each other's.
    fn check_lrw(&self, constraints: &Constraints) -> Result<()> {
        let is_lrw = constraints.generic.template().is_some_and(|(outer, _)| outer == "lrw");
        let counted = match self.numbering {
            Numbering::Benbi => SECTOR,
            Numbering::Plain64Be => constraints.sizes.block,
            Numbering::Plain64 => return Ok(()), // its numbers are not where lrw counts
        };
        let need = self.size.div_ceil(counted);
        if !is_lrw || u128::from(self.step) >= need as u128 {
            return Ok(());
        }
        Err(argument(format!(
            "iv_step is {}, and units of {} in {} take {need} numbers each, the next one's too; \
             take iv_step={need}",
            self.step,
            bytes(self.size),
            constraints.algorithm
        )))
    }

    fn check_size(&self, provider: &Provider) -> Result<()> {
        let (size, constraints) = (self.size, provider.constraints());
        let (name, block) = (&constraints.algorithm, constraints.sizes.block);
        if size == 0 || !size.is_multiple_of(block) {
            let text = format!("unit_size is {size}, {name} needs a multiple of {block}");
            return Err(Error::input(InputFault::Length, text));
        }
        match provider.max_message() {
            Some(limit) if size > limit => Err(Error::input(
                InputFault::TooLong,
                format!(
                    "unit_size is {size}, one request of {name} carries at most {limit} in this \
                     process; take smaller units, or provider=\"userspace\""
                ),
            )),
            _ => Ok(()),
        }
    }

    /// What the IV of a unit says.
    fn value(&self, unit: usize, block: usize) -> u128 {
        let number = u128::from(self.first) + unit as u128 * u128::from(self.step); // below 2^128
        self.numbering.value(number, block)
    }

    /// Runs all units of an input that has been checked, into an output apart from it or in its
    /// place.
    ///
    /// # Errors
    /// The first one that failed. Apart, what was written is wiped; in place, it stays: to wipe it
    /// would be to lose the data.
    pub fn crypt(
        &self,
        provider: &Provider,
        direction: Direction,
        (input, mut output): (In<'_>, Out<'_>),
        threads: usize,
        hook: &mut Hook<'_>,
    ) -> Result<(), Failure> {
        let count = input.len() / self.size;
        let mut numbered = Numbered {
            units: *self,
            sizes: (provider.constraints().sizes.block, provider.constraints().sizes.iv),
            index: 0,
            input,
            output: output.borrow(),
        };
        let threads = of_use(threads, count, input.len());
        let done = run(provider, direction, (&mut numbered, count), threads, hook);
        let handed = numbered.index;
        done.inspect_err(|failure| {
            if input.overlap(&output) == Overlap::None {
                failure.wipe(output, self.size, handed);
            }
        })
    }
}

/// The units of an input, each with its IV.
struct Numbered<'a> {
    units: Units,
    /// Of a block, and of an IV.
    sizes: (usize, usize),
    index: usize,
    input: In<'a>,
    output: Out<'a>,
}

impl<'a> Iterator for Numbered<'a> {
    type Item = Exchange<'a>;

    fn next(&mut self) -> Option<Exchange<'a>> {
        let (input, later) = self.input.split_at(self.units.size);
        if input.is_empty() {
            return None;
        }
        let rest = replace(&mut self.output, Out::from_slice(&mut []));
        let (output, rest) = rest.split_at(input.len());
        let (index, mut iv) = (self.index, Iv::zeros(self.sizes.1));
        let value = self.units.value(index, self.sizes.0);
        self.units.numbering.write(u64::try_from(value).unwrap_or_default(), &mut iv);
        (self.index, self.input, self.output) = (index + 1, later, rest);
        Some(Exchange { index, iv, input, output, fate: Fate::Waiting })
    }
}

/// Checks that the mode is one whose IVs may be numbers.
fn check_mode(constraints: &Constraints) -> Result<()> {
    let name = &constraints.algorithm;
    let outer = constraints.generic.template().map(|(outer, _)| outer);
    match outer {
        Some("xts" | "adiantum" | "hctr2" | "cbc" | "essiv" | "lrw")
            if constraints.sizes.iv >= 8 =>
        {
            Ok(())
        }
        _ if constraints.sizes.block == 1 && constraints.sizes.iv > 0 => Err(argument(format!(
            "units are for xts, adiantum, hctr2, cbc, essiv and lrw: with numbers for ivs {name} \
             would have the same keystream each time that a unit is written; encrypt messages \
             with ivs of their own (encrypt_many)"
        ))),
        _ => Err(argument(format!(
            "units are for xts, adiantum, hctr2, cbc, essiv and lrw, not for {name}; encrypt \
             messages (encrypt_many)"
        ))),
    }
}

fn argument(text: impl Into<String>) -> Error {
    Error::input(InputFault::Argument, text)
}
