//! Which vector instructions to use.

use pulp::{Scalar, Simd, WithSimd};

/// The vector instructions that a batch is computed with.
///
/// The results are the same bits for all of them; only the time differs. [`InstructionSet::Auto`], the default, is the best that the
/// running machine has. The others are for tests and measurements; one that the machine does not have is replaced by the widest below that it has.
///
/// ```
/// use meta_analysis::num::lanes::InstructionSet;
/// assert_eq!(InstructionSet::default(), InstructionSet::Auto);
/// assert!(InstructionSet::Scalar.is_available());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum InstructionSet {
    /// The best that the running machine has.
    #[default]
    Auto,
    /// One number at a time.
    Scalar,
    /// Two numbers at a time: 128-bit registers (SSE4.2) of x86. On aarch64 `Auto` is the same width (NEON).
    Baseline,
    /// Four numbers at a time: 256-bit registers (AVX2) of x86.
    Avx2,
    /// Eight numbers at a time: 512-bit registers (AVX-512 F, BW, CD, DQ, VL) of x86.
    Avx512,
}

impl InstructionSet {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Scalar, Self::Baseline, Self::Avx2, Self::Avx512];

    /// Does the running machine have it?
    ///
    /// ```
    /// use meta_analysis::num::lanes::InstructionSet;
    /// assert!(InstructionSet::Auto.is_available());
    /// ```
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Auto | Self::Scalar => true,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Self::Baseline => pulp::x86::V2::is_available(),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Self::Avx2 => pulp::x86::V3::is_available(),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Self::Avx512 => pulp::x86::V4::is_available(),
            #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
            Self::Baseline | Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// The same, but at most four numbers at a time.
    pub(crate) fn at_most_four(self) -> Self {
        if matches!(self, Self::Auto | Self::Avx512) { Self::Avx2 } else { self }
    }

    /// Runs a generic operation with these instructions, or the widest below that the machine has.
    #[inline]
    pub(crate) fn dispatch<Op: WithSimd>(self, op: Op) -> Op::Output {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        {
            use pulp::x86::{V2, V3, V4};
            if let (Self::Auto | Self::Avx512, Some(simd)) = (self, V4::try_new()) {
                return Simd::vectorize(simd, op);
            }
            if let (Self::Auto | Self::Avx512 | Self::Avx2, Some(simd)) = (self, V3::try_new()) {
                return Simd::vectorize(simd, op);
            }
            if let (Self::Auto | Self::Avx512 | Self::Avx2 | Self::Baseline, Some(simd)) = (self, V2::try_new()) {
                return Simd::vectorize(simd, op);
            }
            Simd::vectorize(Scalar, op)
        }
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        match self {
            Self::Scalar => Simd::vectorize(Scalar, op),
            _ => pulp::Arch::new().dispatch(op),
        }
    }

    /// [`Avx2`](Self::Avx2) for an operation that takes no longer than finding the way to it: what it is given stays in registers.
    #[inline(always)]
    pub(crate) fn dispatch_at_once<Op: WithSimd>(op: Op) -> Op::Output {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        return match pulp::x86::V3::try_new() {
            Some(simd) => Simd::vectorize(simd, op),
            None => without_avx2(op),
        };
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        Self::Avx2.dispatch(op)
    }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
#[cold]
#[inline(never)]
fn without_avx2<Op: WithSimd>(op: Op) -> Op::Output {
    InstructionSet::Avx2.dispatch(op)
}
