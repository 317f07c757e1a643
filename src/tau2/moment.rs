//! Method-of-moments estimators: one or two looks at a quadratic form, no iteration.
//!
//! Each equates a quadratic form in the effects with its expectation. Standard errors are those of that quadratic form under normal
//! effects with variances `v_i + tau2`, its weights taken as known:
//!
//! ```text
//! Var(y'Ay) = 2 tr(A S A S),   S = diag(v_i + tau2)
//! ```

use super::profile::{Profile, Sums};
use super::{Solved, Tau2Error};

/// The sums with the weights `1/v_i`.
#[inline(always)]
fn at_inverse_variance<P: Profile>(profile: &mut P) -> Result<Sums, Tau2Error> {
    if let Some(index) = profile.first_zero() {
        return Err(Tau2Error::ZeroVariance { index });
    }
    let s = profile.axis().start;
    Ok(profile.at(s))
}

/// Numbers up to here are squared without a thought, 2^400.
const LARGE: f64 = f64::from_bits((400 + 1023) << 52);

/// The standard deviation of `Q` with the weights `1/v_i`: there `PVP = P`, so only traces of powers of `P` remain.
///
/// ```text
/// Var(Q) = 2 (k - p) + 4 tau2 tr P + 2 tau2^2 tr P^2
/// ```
fn sd_of_q(df: f64, tau2: f64, at: &Sums) -> f64 {
    let u = tau2 / at.s;
    let linear = 2.0 * df + 4.0 * u * at.trace;
    if u < LARGE {
        (linear + 2.0 * (u * u) * at.trace_sq).sqrt()
    } else {
        linear.sqrt().hypot(u * (2.0 * at.trace_sq).sqrt())
    }
}

/// DerSimonian-Laird: `E Q = (k - p) + tau2 tr P`.
#[inline(always)]
pub(super) fn dersimonian_laird<P: Profile>(profile: &mut P) -> Result<Solved, Tau2Error> {
    let (at, tau2) = sums_and_dersimonian_laird(profile)?;
    let sd = sd_of_q(profile.df(), tau2, &at);
    Ok(Solved::new(tau2, Some(sd * (at.s / at.trace)), 1))
}

/// The sums that the estimate comes from, and the estimate alone.
#[inline(always)]
pub(super) fn sums_and_dersimonian_laird<P: Profile>(profile: &mut P) -> Result<(Sums, f64), Tau2Error> {
    let at = at_inverse_variance(profile)?;
    Ok((at, ((at.q - profile.df()) * (at.s / at.trace)).max(0.0)))
}

/// Hunter-Schmidt: `Q - k` over the sum of the weights.
pub(super) fn hunter_schmidt<P: Profile>(profile: &mut P) -> Result<Solved, Tau2Error> {
    let at = at_inverse_variance(profile)?;
    let per_unit = at.s / at.weight;
    let tau2 = ((at.q - profile.studies() as f64) * per_unit).max(0.0);
    Ok(Solved::new(tau2, Some(sd_of_q(profile.df(), tau2, &at) * per_unit), 1))
}

/// Small-sample Hunter-Schmidt: `k/(k-p) Q - k` over the sum of the weights.
pub(super) fn hunter_schmidt_small_sample<P: Profile>(profile: &mut P) -> Result<Solved, Tau2Error> {
    let at = at_inverse_variance(profile)?;
    let df = profile.df();
    let per_unit = (profile.studies() as f64 / df) * (at.s / at.weight);
    let tau2 = ((at.q - df) * per_unit).max(0.0);
    Ok(Solved::new(tau2, Some(sd_of_q(df, tau2, &at) * per_unit), 1))
}

/// Hartung-Makambi: `Q - (k - p)` of DerSimonian-Laird replaced by `Q^2 / (2(k - p) + Q)`.
pub(super) fn hartung_makambi<P: Profile>(profile: &mut P) -> Result<Solved, Tau2Error> {
    let at = at_inverse_variance(profile)?;
    let tau2 = at.q * (at.q / (2.0 * profile.df() + at.q)) * (at.s / at.trace);
    Ok(Solved::new(tau2, None, 1))
}

/// Hedges: `E RSS = tr MV + (k - p) tau2` for ordinary least squares.
pub(super) fn hedges<P: Profile>(profile: &P) -> Solved {
    let ols = profile.unweighted();
    let df = profile.df();
    let tau2 = ((ols.rss - ols.trace) / df).max(0.0);
    let variance = 2.0 * ols.trace_sq + tau2 * (4.0 * ols.trace + 2.0 * tau2 * df);
    Solved::new(tau2, Some(variance.sqrt() / df), 1)
}

/// Two steps, the first by DerSimonian-Laird.
pub(super) fn two_step_dersimonian_laird<P: Profile>(profile: &mut P) -> Result<Solved, Tau2Error> {
    let first = dersimonian_laird(profile)?;
    second_step(profile, first)
}

/// Two steps, the first by Hedges.
pub(super) fn two_step_hedges<P: Profile>(profile: &mut P) -> Result<Solved, Tau2Error> {
    let first = hedges(profile);
    second_step(profile, first)
}

/// The general method of moments with the weights of a first estimate: `E Q(t0) = tr PV + tau2 tr P` with `tr PV = (k-p) - t0 tr P`.
fn second_step<P: Profile>(profile: &mut P, first: Solved) -> Result<Solved, Tau2Error> {
    let start = first.tau2;
    let at = if start > 0.0 { profile.at(profile.axis().s(start)) } else { at_inverse_variance(profile)? };
    let df = profile.df();
    let per_unit = at.s / at.trace;
    let tau2 = (start + (at.q - df) * per_unit).max(0.0);
    let sd = (2.0 * trace_psps(df, tau2 - start, &at)).sqrt();
    Ok(Solved::new(tau2, Some(sd * per_unit), first.evaluations + 1))
}

/// `tr(PSPS)` with `P` at `t0` and `gap = tau2 - t0`, from `S = S_0 + gap I` and `P S_0 P = P`.
///
/// ```text
/// tr(PSPS) = (k-p) + 2 gap tr P + gap^2 tr P^2
/// ```
fn trace_psps(df: f64, gap: f64, at: &Sums) -> f64 {
    let gap = gap / at.s;
    df + gap * (2.0 * at.trace + gap * at.trace_sq)
}

/// Sidik-Jonkman: one step from the crude start `t0 = RSS / k`, always positive unless all residuals are 0.
pub(super) fn sidik_jonkman<P: Profile>(profile: &mut P) -> Solved {
    let df = profile.df();
    let crude = profile.unweighted().rss / profile.studies() as f64;
    if crude <= 0.0 {
        return Solved::new(0.0, None, 1);
    }
    let at = profile.at(profile.axis().c + crude);
    let tau2 = crude * (at.q / df);
    let trace = trace_psps(df, tau2 - crude, &at);
    Solved::new(tau2, Some(crude / df * (2.0 * trace).sqrt()), 1)
}

#[cfg(test)]
mod tests {
    use super::super::{Tau2, estimate};

    /// Two studies of one variance: `tr P = 1/v`, so that the standard error is `sqrt(2) (v + tau2)`, whatever their ratio.
    #[test]
    fn the_standard_error_exists_where_squares_of_ratios_do_not() {
        for apart in [3.0, 1e30, 1e60, 1e80, 1e100] {
            let v = 1e-20;
            let fit = estimate(&[0.0, apart], &[v, v], Tau2::DerSimonianLaird).expect("an estimate");
            assert!((fit.tau2 / (0.5 * apart * apart) - 1.0).abs() < 1e-14, "{apart}: {fit:?}");
            let expected = std::f64::consts::SQRT_2 * (v + fit.tau2);
            assert!(fit.se.is_some_and(|se| (se / expected - 1.0).abs() < 1e-14), "{apart}: {fit:?}");
        }
    }
}
