//! Genomic control: the factor by which a cohort's test statistics are too large throughout (Devlin & Roeder 1999,
//! Biometrics 55:997).

/// Median of chi-squared with 1 degree of freedom, 0.6744897501960817 squared, where 0.674... is the upper quartile of
/// the standard normal distribution. Devlin and Roeder print 0.456.
const MEDIAN: f64 = 0.454_936_423_119_572_7;

/// Lambda: the median of `(beta/se)^2` over its expectation without any association; nothing without rows. Of an even
/// number of rows, the median is the mean of the two in the middle.
pub(crate) fn lambda(mut chi_squared: Vec<f64>) -> Option<f64> {
    let middle = chi_squared.len() / 2;
    if chi_squared.is_empty() {
        return None;
    }
    let even = chi_squared.len().is_multiple_of(2);
    let (below, &mut upper, _) = chi_squared.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = if even { below.iter().copied().fold(0.0, f64::max) } else { upper };
    Some(0.5 * (lower + upper) / MEDIAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use meta_analysis::num::normal;

    #[test]
    fn the_median_is_that_of_the_distribution() {
        assert!((normal::sf(MEDIAN.sqrt()) - 0.25).abs() < 1e-15);
    }

    #[test]
    fn lambda_of_few() {
        assert_eq!(lambda(vec![]), None);
        assert_eq!(lambda(vec![MEDIAN]), Some(1.0));
        assert_eq!(lambda(vec![9.0, MEDIAN, 0.0]), Some(1.0));
        assert_eq!(lambda(vec![9.0, 3.0 * MEDIAN, 0.0, MEDIAN]), Some(2.0));
    }

    #[test]
    fn inflated_normal_statistics_give_the_inflation() {
        let mut random = crate::random::Random::new(2);
        let z = (0..200_001).map(|_| 1.2 * random.normal()).map(|z| z * z).collect();
        let found = lambda(z).unwrap();
        assert!((found - 1.44).abs() < 0.015, "{found}");
    }
}
