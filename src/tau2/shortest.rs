//! The shortest Q-profile interval: the tails that make it so.
//!
//! ```text
//! H(tau2) = P(chi2(k-1) >= Q(tau2))      rises from the p-value of Cochran's Q to 1
//! [L(a), U(a)]:  H(L) = a,  H(U) = 1 - (alpha - a),  0 <= a < alpha      (L = 0 where H(0) >= a)
//! dL/da = 1/h(L),  dU/da = 1/h(U),  h = H'
//! ```
//!
//! The width is least at `a = 0`, or where `h(L) = h(U)` and `h(U) - h(L)` goes from positive to negative.

use super::profile::Profile;
use super::q_root::q_root;
use super::{Tau2Error, Tau2Set, Workspace, need_studies};
use crate::num::chi_squared;

/// Half the number of cells of the search, which are of unit size in the logit of the share of alpha below.
const CELLS: i32 = 40;

/// The scale on which the width of an interval is measured.
///
/// ```
/// use meta_analysis::tau2::{Tau2Set, Width, shortest_q_profile};
///
/// let ends = |width| match shortest_q_profile(&[-2.0, 0.0, 2.0], &[0.1; 3], 0.05, width)? {
///     Tau2Set::Interval { lower, upper } => Ok((lower, upper)),
///     Tau2Set::Empty => panic!("not empty"),
/// };
/// let ((a, b), (c, d)) = (ends(Width::Tau2)?, ends(Width::Tau)?);
/// // Three studies of equal variance: P(chi2(2) >= Q(tau2)) = exp(-4 / (0.1 + tau2)), and both intervals hold 0.95.
/// let below = |tau2: f64| (-4.0 / (0.1 + tau2)).exp();
/// assert!((below(b) - below(a) - 0.95).abs() < 1e-12 && (below(d) - below(c) - 0.95).abs() < 1e-12);
/// // Each is the shorter one on its own scale.
/// assert!(b - a < d - c && d.sqrt() - c.sqrt() < b.sqrt() - a.sqrt());
/// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// `upper - lower`, for tau2.
    Tau2,
    /// `sqrt(upper) - sqrt(lower)`, for tau.
    Tau,
}

impl Workspace {
    /// The shortest Q-profile interval of tau2 for the loaded studies. See [`shortest_q_profile`](super::shortest_q_profile).
    ///
    /// ```
    /// use meta_analysis::tau2::{Tau2Set, Width, Workspace};
    ///
    /// let mut workspace = Workspace::new();
    /// workspace.load(&[1.0, 3.0, 5.0], &[1.0; 3])?;
    /// // Equal variances: Q(tau2) = 8 / (1 + tau2); shortest is [0, U], and Q(U) = -2 ln(0.95), the quantile at 0.05.
    /// let set = workspace.shortest_q_profile(0.05, Width::Tau2)?;
    /// let Tau2Set::Interval { lower, upper } = set else { panic!("not empty") };
    /// assert!(lower == 0.0 && (upper / (-4.0 / 0.95_f64.ln() - 1.0) - 1.0).abs() < 1e-12);
    /// # Ok::<(), meta_analysis::tau2::Tau2Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`shortest_q_profile`](super::shortest_q_profile).
    pub fn shortest_q_profile(&mut self, alpha: f64, width: Width) -> Result<Tau2Set, Tau2Error> {
        if !(alpha > 0.0 && alpha < 1.0) {
            return Err(Tau2Error::InvalidQuantiles { lower: alpha, upper: alpha });
        }
        let (mut profile, _, unit) = self.profile()?;
        need_studies(profile.k, 2)?;
        let Some((lower, upper)) = (Search { profile: &mut profile, alpha, width }).shortest() else {
            return Ok(Tau2Set::Empty);
        };
        Tau2Set::between(unit.grow_square(lower), unit.grow_square(upper))
    }
}

struct Search<'a, P> {
    profile: &'a mut P,
    alpha: f64,
    width: Width,
}

impl<P: Profile> Search<'_, P> {
    fn shortest(&mut self) -> Option<(f64, f64)> {
        let df = self.profile.df();
        let (q, _) = self.profile.q_at(self.profile.axis().start);
        let target = chi_squared::quantile(self.alpha, df);
        if q < target {
            return None;
        }
        let mut best = (0.0, q_root(self.profile, target).0);
        let least = chi_squared::sf(q, df);
        if least < self.alpha {
            for cell in -CELLS..CELLS {
                let (mut low, mut high) = (f64::from(cell), f64::from(cell + 1));
                if !self.narrows(least, low) || self.narrows(least, high) {
                    continue;
                }
                while low < 0.5 * (low + high) && 0.5 * (low + high) < high {
                    let middle = 0.5 * (low + high);
                    if self.narrows(least, middle) { low = middle } else { high = middle }
                }
                let found = self.ends(least, low);
                if self.length(found) < self.length(best) {
                    best = found;
                }
            }
        }
        Some(best)
    }

    /// The interval that spends `least + share (alpha - least)` on its lower end, `share = 1 / (1 + e^-x)`, and the rest on its upper.
    fn ends(&mut self, least: f64, x: f64) -> (f64, f64) {
        let (df, room) = (self.profile.df(), self.alpha - least);
        let (below, above) = (least + room / (1.0 + (-x).exp()), room / (1.0 + x.exp()));
        let (lower, _) = q_root(self.profile, chi_squared::quantile_upper(below, df));
        let (upper, _) = q_root(self.profile, chi_squared::quantile(above, df));
        (lower, upper)
    }

    /// Whether spending more on the lower end makes the interval shorter: `h(U) > h(L)`.
    fn narrows(&mut self, least: f64, x: f64) -> bool {
        let (lower, upper) = self.ends(least, x);
        self.ln_density(upper) > self.ln_density(lower)
    }

    /// The logarithm of the density of `H` on the chosen scale, up to a constant.
    fn ln_density(&mut self, tau2: f64) -> f64 {
        let (s, df) = (self.profile.axis().s(tau2), self.profile.df());
        let (q, f) = self.profile.q_at(s);
        let ln = chi_squared::ln_pdf(q, df) + (f / s).ln();
        match self.width {
            Width::Tau2 => ln,
            Width::Tau => ln + 0.5 * tau2.ln(),
        }
    }

    fn length(&self, (lower, upper): (f64, f64)) -> f64 {
        match self.width {
            Width::Tau2 => upper - lower,
            Width::Tau => upper.sqrt() - lower.sqrt(),
        }
    }
}
