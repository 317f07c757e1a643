//! Numerical building blocks: floats in, floats out, no word of the domain.
//!
//! One module per distribution or function family, each a set of free functions on `f64`. All of them share one contract:
//!
//! * **Total.** No argument panics or loops without end: NaN, infinities, subnormals, df of `1e-300` or `1e300`, probabilities outside
//!   `[0, 1]` all return.
//! * **NaN means "outside the domain"** and nothing else (except that [`quadratic_form`] also says so where its integral does not settle).
//!   A NaN argument gives NaN.
//! * **Both tails directly.** `sf` is never `1 - cdf`; `quantile_upper(q)` is never `quantile(1 - q)`. `ln_cdf` and `ln_sf` stay finite and
//!   accurate where the probability itself is below the smallest `f64`.
//! * **Limits.** `quantile(0)` and `quantile(1)` are the ends of the support; probabilities never leave `[0, 1]`.
//!
//! Accuracy is measured against 75-digit references in `tests/special_functions.rs`: 1e-12 relative, or what rounding the arguments to `f64`
//! already costs where that is more.
//!
//! | module | contents |
//! | --- | --- |
//! | [`erf`] | error functions and their inverses |
//! | [`normal`] | standard normal distribution |
//! | [`gamma`] | gamma, digamma, trigamma, incomplete gamma and its inverse |
//! | [`beta`] | beta, incomplete beta and its inverse |
//! | [`chi_squared`], [`student_t`], [`fisher_f`] | the three test distributions, real df |
//! | [`binomial`] | binomial distribution |
//! | [`irwin_hall`] | sum of uniform variables |
//! | [`quadratic_form`] | weighted sum of chi-squared variables |
//! | [`lanes`] | tail probabilities of whole slices, by vector instructions |
//! | [`gamma_ratio`] | gamma functions half a step apart |
//! | [`format`](mod@format) | numbers as text |
//! | [`random`] | uniform numbers by seed and position |

pub mod beta;
pub mod binomial;
pub mod chi_squared;
pub(crate) mod critical;
pub mod erf;
pub mod fisher_f;
pub mod format;
pub mod gamma;
pub mod gamma_ratio;
pub mod irwin_hall;
pub mod lanes;
pub mod normal;
pub mod quadratic_form;
pub mod random;
pub mod student_t;

pub(crate) mod bracket;
pub(crate) mod effort;
pub(crate) mod integral;
mod invert;
pub(crate) mod minimum;
pub(crate) mod noncentral_hypergeometric;
pub(crate) mod normal_plus_t;
pub(crate) mod orthogonal;
pub(crate) mod quadrature;
pub(crate) mod root;
pub(crate) mod saddle_point;
pub(crate) mod saturated;
pub(crate) mod sum;
pub(crate) mod turning_point;
