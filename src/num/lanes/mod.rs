//! Tail probabilities of whole slices at once, for batches of tests.
//!
//! The functions of [`normal`](super::normal), [`chi_squared`](super::chi_squared) and [`student_t`](super::student_t) take one number and
//! branch on it. Those here take a slice, have no branch that depends on a value, and use the vector instructions of the machine that
//! runs them, which they find out at run time. What all of them keep to:
//!
//! * **Same bits everywhere.** Only `+ - * / sqrt`, comparisons and bit operations, in one order, without fused multiply-add: every
//!   [`InstructionSet`], every position in the slice and every length give the same bits for the same argument. (Two arguments leave
//!   this rule, by calling the function for one number: df above [`ChiSquaredTail::LARGEST_DF`], and a df of Student's t that
//!   [`StudentTail`] has no polynomial for.)
//! * **Accurate tails.** Probabilities down to `1e-300` are within 1e-12 of the truth, relatively (measured: 8e-16 normal, 5e-15
//!   chi-squared, 2e-13 Student's t), below that as far as an `f64` can hold them. The common logarithms go on to arguments of
//!   `1e300`, within `1e-13 + 1e-14 |log10 p|` (near p = 1 that is an absolute error, as it is for `p` itself).
//! * **Total.** NaN gives NaN, infinity gives 0 (and `-inf` as logarithm), nothing panics. Where the two slices differ in length, the
//!   common part is computed.
//! * **No allocation** once a tail is made.
//!
//! A tail is `exp(-E) h(z)`, where `h` varies slowly: the polynomial for it is in `(z - 4) / (z + 4)`, an idea for the complementary
//! error function of Shepherd MM, Laframboise JG (1981), Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < inf,
//! Mathematics of Computation 36: 249-253, doi:10.1090/S0025-5718-1981-0595058-X.

mod chi_squared;
mod elementary;
mod instruction_set;
mod normal;
mod reciprocal;
mod slices;
mod student_t;
mod vectors;

pub use chi_squared::ChiSquaredTail;
pub use instruction_set::InstructionSet;
pub use normal::NormalTail;
pub(crate) use normal::scaled_two_sided;
pub(crate) use slices::Ratios;
pub use student_t::StudentTail;
pub(crate) use vectors::{Lanes, Mask, Num, flat};
