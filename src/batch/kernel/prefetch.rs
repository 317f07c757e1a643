//! Asking the memory for a line of the cache before it is read.
//!
//! The only unsafe code of the crate, and only with the feature `prefetch`: the instruction takes a raw pointer. It is no access: it
//! changes no result, and it may name any address. The pointers here are made from references all the same.

#![allow(unsafe_code, reason = "the instruction takes a raw pointer")]

/// Numbers in a line of 64 bytes.
const LINE: usize = 8;

/// Asks for the lines of `count` numbers from `numbers[at]` on, as far as there are any.
#[inline(always)]
pub(super) fn lines(numbers: &[f64], at: usize, count: usize) {
    match numbers.get(at..at.saturating_add(count)) {
        Some(all) => slice(all),
        None => slice(numbers.get(at..).unwrap_or_default()),
    }
}

/// Asks for every line of `numbers`.
#[inline(always)]
pub(super) fn slice(numbers: &[f64]) {
    numbers.iter().step_by(LINE).for_each(ask);
}

#[inline(always)]
#[cfg(target_arch = "x86_64")]
fn ask(number: &f64) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: SSE is part of x86-64, and a prefetch of any address, this one valid, has no effect that a program can see.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(number).cast()) }
}

#[inline(always)]
#[cfg(not(target_arch = "x86_64"))]
fn ask(_: &f64) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_changes_nothing_and_takes_any_place() {
        let numbers = [1.0, 2.0, 3.0];
        for at in [0, 2, 3, usize::MAX] {
            lines(&numbers, at, 20);
        }
        slice(&numbers);
        slice(&[]);
        assert_eq!(numbers, [1.0, 2.0, 3.0]);
    }
}
