//! Random numbers that depend on nothing but a seed and a position.

/// The number at `position` of the SplitMix64 stream of `seed`: uniform on (0, 1), ends excluded.
///
/// Any position can be had without those before it, so that results do not depend on the order or the number of
/// threads they are computed in. Steele, Lea & Flood 2014, OOPSLA, doi 10.1145/2660193.2660195.
///
/// ```
/// use meta_analysis::num::random::uniform;
/// assert_eq!(uniform(1, 7), uniform(1, 7));
/// assert!(uniform(1, 7) != uniform(2, 7));
/// ```
pub fn uniform(seed: u64, position: u64) -> f64 {
    // 53 bits and a half, so that neither 0 nor 1 is met.
    ((bits(seed, position) >> 11) as f64 + 0.5) * (0.5_f64).powi(53)
}

fn bits(seed: u64, position: u64) -> u64 {
    let mut z = seed.wrapping_add(position.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_splitmix64() {
        // The published test vector of seed 1234567 (Vigna's reference implementation in the public domain).
        let expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431];
        assert_eq!([0, 1, 2, 3].map(|i| bits(1_234_567, i)), expected);
    }

    #[test]
    fn moments_are_those_of_the_uniform_distribution() {
        let n = 100_000;
        let mean = (0..n).map(|i| uniform(42, i)).sum::<f64>() / n as f64;
        let square = (0..n).map(|i| uniform(42, i).powi(2)).sum::<f64>() / n as f64;
        assert!((mean - 0.5).abs() < 4.0 * (1.0_f64 / 12.0 / n as f64).sqrt());
        assert!((square - 1.0 / 3.0).abs() < 4.0 * (4.0_f64 / 45.0 / n as f64).sqrt());
    }
}
