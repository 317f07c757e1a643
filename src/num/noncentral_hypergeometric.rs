//! The noncentral hypergeometric distribution of one table with fixed margins, and of the sum over tables.
//!
//! Each distribution is held as probabilities at one odds ratio (the "tilt") and read at others by the factor
//! `exp(theta t)`, since
//!
//! ```text
//! P(T = t; theta) is proportional to c(t) exp(theta t)
//! ```
//!
//! Probabilities are sums of products of positive numbers: nothing cancels. What is far below the smallest probability
//! that can matter is cut off at both ends, so that the length of a distribution is a multiple of its standard
//! deviation, not of its support.

/// Share of the largest probability below which the ends are cut off.
const NEGLIGIBLE: f64 = 1e-290;

/// Probabilities of the whole numbers `first, first + 1, ..`.
#[derive(Debug, Clone)]
pub(crate) struct Distribution {
    pub(crate) first: f64,
    pub(crate) p: Vec<f64>,
}

/// The four cells of a table with the margins of this one and this odds ratio.
///
/// ```text
/// A (n2 - m1 + A) = odds (m1 - A) (n1 - A)
/// ```
///
/// The root is taken in the form without cancellation, for each cell anew (exchanging columns or rows turns the odds
/// ratio over); the discriminant is a sum of positive terms,
///
/// ```text
/// (odds (m1 - n1))^2 + (n2 - m1)^2 + 2 odds (m1 m2 + n1 n2)
/// ```
pub(crate) fn expected([a, b, c, d]: [f64; 4], odds: f64) -> [f64; 4] {
    // m1 - n1 = c - b and n2 - m1 = d - a.
    let cell = |a: f64, b: f64, c: f64, d: f64, odds: f64| {
        let ([n1, n2], [m1, m2]) = ([a + b, c + d], [a + c, b + d]);
        let linear = odds * (m1 + n1) + (d - a);
        let tilted = odds * (c - b);
        let root = (tilted * tilted + (d - a) * (d - a) + 2.0 * odds * (m1 * m2 + n1 * n2)).sqrt();
        if linear >= 0.0 { 2.0 * odds * m1 * (n1 / (linear + root)) } else { (root - linear) / (2.0 * (1.0 - odds)) }
    };
    let over = 1.0 / odds;
    [cell(a, b, c, d, odds), cell(b, a, d, c, over), cell(c, d, a, b, over), cell(d, c, b, a, odds)]
}

/// Smallest and largest count of events in the first group that the margins allow.
pub(crate) fn support([a, b, c, d]: [f64; 4]) -> [f64; 2] {
    [a - a.min(d), a + b.min(c)]
}

impl Distribution {
    /// Of the count of events in the first group of one table with these whole-number cells, at this odds ratio.
    pub(crate) fn of_table(cells: [f64; 4], odds: f64) -> Self {
        let [least, most] = support(cells);
        let [a, b, c, d] = cells;
        let (n1, m1, rest) = (a + b, a + c, d - a);
        let start = expected(cells, odds)[0].round().clamp(least, most);
        // P(t + 1) / P(t)
        let ratio = |t: f64| odds * ((n1 - t) / (t + 1.0)) * ((m1 - t) / (rest + t + 1.0));
        let mut below = Vec::new();
        let (mut t, mut p) = (start, 1.0);
        while t > least {
            t -= 1.0;
            p /= ratio(t);
            if p.is_nan() || p <= NEGLIGIBLE {
                t += 1.0;
                break;
            }
            below.push(p);
        }
        let first = t;
        let mut all: Vec<f64> = below.into_iter().rev().collect();
        all.push(1.0);
        let (mut t, mut p) = (start, 1.0);
        while t < most {
            p *= ratio(t);
            t += 1.0;
            if p.is_nan() || p <= NEGLIGIBLE {
                break;
            }
            all.push(p);
        }
        Self { first, p: all }.normalised()
    }

    fn normalised(mut self) -> Self {
        let total: f64 = self.p.iter().sum();
        for p in &mut self.p {
            *p /= total;
        }
        self
    }

    /// Mean and variance.
    pub(crate) fn moments(&self) -> (f64, f64) {
        let centre = self.peak();
        let (mut m1, mut m2) = (0.0, 0.0);
        for (i, p) in self.p.iter().enumerate() {
            let x = i as f64 - centre;
            m1 += p * x;
            m2 += p * x * x;
        }
        (self.first + centre + m1, m2 - m1 * m1)
    }

    /// Position of the largest probability.
    fn peak(&self) -> f64 {
        let (at, _) = self.p.iter().enumerate().fold((0, 0.0), |best, (i, p)| if *p > best.1 { (i, *p) } else { best });
        at as f64
    }

    /// Of the sum of two independent counts.
    fn plus(&self, other: &Self) -> Self {
        let (long, short) = if self.p.len() >= other.p.len() { (self, other) } else { (other, self) };
        let mut p = vec![0.0; long.p.len() + short.p.len() - 1];
        for (i, weight) in short.p.iter().enumerate() {
            for (sum, share) in p.iter_mut().skip(i).zip(&long.p) {
                *sum += weight * share;
            }
        }
        Self { first: self.first + other.first, p }.trimmed()
    }

    fn trimmed(mut self) -> Self {
        let largest = self.p.iter().copied().fold(0.0, f64::max);
        let matters = |p: &f64| *p > NEGLIGIBLE * largest;
        if let Some(end) = self.p.iter().rposition(matters) {
            self.p.truncate(end + 1);
        }
        if let Some(start) = self.p.iter().position(matters) {
            self.p.drain(..start);
            self.first += start as f64;
        }
        self
    }

    /// Of the sum over tables, at this odds ratio: neighbours are added in pairs, then pairs of pairs, so that the
    /// two that are convolved are of similar length.
    pub(crate) fn of_sum(tables: &[[f64; 4]], odds: f64) -> Self {
        let mut layer: Vec<Self> = tables.iter().map(|&cells| Self::of_table(cells, odds)).collect();
        layer.sort_by_key(|d| d.p.len());
        while layer.len() > 1 {
            layer = layer
                .chunks(2)
                .map(|pair| match pair {
                    [one, two] => one.plus(two),
                    _ => pair.first().cloned().unwrap_or(Self { first: 0.0, p: vec![1.0] }),
                })
                .collect();
        }
        layer.pop().unwrap_or(Self { first: 0.0, p: vec![1.0] }).normalised()
    }

    /// `sum of weight(t) P(t; theta)` with its logarithmic derivative in theta, where the distribution is held at theta
    /// = 0; exponents are taken from `centre` on.
    pub(crate) fn tail(&self, theta: f64, weight: impl Fn(f64) -> f64) -> (f64, f64) {
        // The largest exponent first, so that none overflows.
        let shift = |i: usize| theta * i as f64;
        let top = self.p.iter().enumerate().map(|(i, p)| p.ln() + shift(i)).fold(f64::NEG_INFINITY, f64::max);
        let (mut total, mut mean, mut part, mut part_mean) = (0.0, 0.0, 0.0, 0.0);
        for (i, p) in self.p.iter().enumerate() {
            let x = i as f64;
            let q = (p.ln() + shift(i) - top).exp();
            let w = weight(self.first + x) * q;
            total += q;
            mean += q * x;
            part += w;
            part_mean += w * x;
        }
        (part / total, part_mean / part - mean / total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_table_by_hand() {
        // Margins 3, 3 | 3, 3: C(3,t)^2 = 1, 9, 9, 1.
        let d = Distribution::of_table([1.0, 2.0, 2.0, 1.0], 1.0);
        let wanted = [0.05, 0.45, 0.45, 0.05];
        assert!(d.p.iter().zip(wanted).all(|(p, w)| (p - w).abs() < 1e-16) && d.p.len() == 4);
        let (mean, variance) = d.moments();
        assert!((mean - 1.5).abs() < 1e-15 && (variance - 0.45).abs() < 1e-15);
    }

    #[test]
    fn expected_cells_keep_the_margins_and_have_the_odds_ratio() {
        for odds in [1e-6, 0.3, 1.0, 7.0, 1e9] {
            let [a, b, c, d] = expected([12.0, 30.0, 5.0, 60.0], odds);
            assert!((a * d / (b * c) / odds - 1.0).abs() < 1e-12, "{odds}");
            assert!((a + b - 42.0).abs() < 1e-12 && (a + c - 17.0).abs() < 1e-12 && (c + d - 65.0).abs() < 1e-12);
        }
    }

    #[test]
    fn the_order_of_the_tables_does_not_matter() {
        let tables = [[3.0, 4.0, 2.0, 9.0], [1.0, 0.0, 4.0, 4.0], [12.0, 30.0, 5.0, 60.0]];
        let mut turned = tables;
        turned.reverse();
        let (one, two) = (Distribution::of_sum(&tables, 1.7), Distribution::of_sum(&turned, 1.7));
        assert!((one.first - two.first).abs() <= 0.0 && one.p.len() == two.p.len());
        assert!(one.p.iter().zip(&two.p).all(|(x, y)| (x / y - 1.0).abs() < 1e-12));
    }
}
