//! A function of one vector, applied to whole slices.

use pulp::{Simd, WithSimd};

use super::instruction_set::InstructionSet;

/// A function that treats every lane of a vector alike and by itself.
pub(super) trait LaneFunction: Copy {
    /// The function.
    fn lanes<S: Simd>(self, simd: S, x: S::f64s) -> S::f64s;
}

/// Writes `function(from[i])` into `to[i]`, as far as both slices go.
pub(super) fn map<F: LaneFunction>(set: InstructionSet, function: F, from: &[f64], to: &mut [f64]) {
    set.dispatch(Map { function, from, to });
}

struct Map<'a, F> {
    function: F,
    from: &'a [f64],
    to: &'a mut [f64],
}

impl<F: LaneFunction> WithSimd for Map<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { function, from, to } = self;
        let length = from.len().min(to.len());
        let (from, to) = (from.get(..length).unwrap_or_default(), to.get_mut(..length).unwrap_or_default());
        let (from, last_from) = S::as_simd_f64s(from);
        let (to, last_to) = S::as_mut_simd_f64s(to);
        for (x, out) in from.iter().zip(to) {
            *out = function.lanes(simd, *x);
        }
        if !last_from.is_empty() {
            // The rest goes through a whole vector, so that its lanes see the same operations.
            let mut padded = simd.splat_f64s(0.0);
            for (slot, x) in lanes_mut::<S>(&mut padded).iter_mut().zip(last_from) {
                *slot = *x;
            }
            let mut result = function.lanes(simd, padded);
            for (out, y) in last_to.iter_mut().zip(lanes_mut::<S>(&mut result)) {
                *out = *y;
            }
        }
    }
}

/// The lanes of a vector as a slice.
#[inline(always)]
pub(super) fn lanes_mut<S: Simd>(vector: &mut S::f64s) -> &mut [f64] {
    pulp::bytemuck::cast_slice_mut(std::slice::from_mut(vector))
}
