//! Memory that a thread keeps from one call to the next.

use std::cell::Cell;
use std::thread::LocalKey;

/// What the last call on a thread left.
pub(crate) type Kept<M> = Cell<Option<Box<M>>>;

/// Runs `work` with what the last call on this thread left, or with something new, and leaves it for the next one unless it is `too_large`.
#[inline(always)]
pub(crate) fn with_kept<M: Default, T>(
    kept: &'static LocalKey<Kept<M>>,
    too_large: impl FnOnce(&M) -> bool,
    work: impl FnOnce(&mut M) -> T,
) -> T {
    let mut memory = kept.take().unwrap_or_default();
    let done = work(&mut memory);
    if !too_large(&memory) {
        kept.set(Some(memory));
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    thread_local! {
        static NUMBERS: Kept<Vec<u8>> = const { Cell::new(None) };
    }

    #[test]
    fn what_is_small_enough_is_there_the_next_time() {
        let push = |number| {
            with_kept(
                &NUMBERS,
                |numbers| numbers.len() > 2,
                |numbers| {
                    numbers.push(number);
                    numbers.clone()
                },
            )
        };
        assert_eq!(push(1), [1]);
        assert_eq!(push(2), [1, 2]);
        assert_eq!(push(3), [1, 2, 3]);
        assert_eq!(push(4), [4]);
        // A call within a call has memory of its own.
        let inner = with_kept(&NUMBERS, |_| false, |_| push(5));
        assert_eq!(inner, [5]);
        assert_eq!(push(6), [4, 6]);
    }
}
