//! Asking the memory for a line of the cache before it is read.
//!
//! The only unsafe code of the crate, and only with the feature `prefetch`: the instruction takes a raw pointer. It is no access: it
//! changes no result, and it may name any address: what comes after the end of a slice is asked for too, which saves a comparison.

#![allow(unsafe_code, reason = "the instruction takes a raw pointer")]

/// Numbers in a line of 64 bytes.
const LINE: usize = 8;

/// Asks for the lines of `count` numbers from place `at` of `numbers` on, which may lie beyond their end.
#[inline(always)]
pub(super) fn lines(numbers: &[f64], at: usize, count: usize) {
    let from = numbers.as_ptr().wrapping_add(at);
    for line in (0..count).step_by(LINE) {
        ask(from.wrapping_add(line));
    }
}

/// Asks for every line of `numbers`.
#[inline(always)]
pub(super) fn slice(numbers: &[f64]) {
    lines(numbers, 0, numbers.len());
}

/// Into the second cache: the first one can wait for few lines only, and then everything waits for it.
#[inline(always)]
#[cfg(target_arch = "x86_64")]
fn ask(number: *const f64) {
    use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
    // SAFETY: SSE is part of x86-64, and a prefetch of any address, of memory that is ours or not, has no effect that a program can see.
    unsafe { _mm_prefetch::<_MM_HINT_T1>(number.cast()) }
}

#[inline(always)]
#[cfg(not(target_arch = "x86_64"))]
fn ask(_: *const f64) {}

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
