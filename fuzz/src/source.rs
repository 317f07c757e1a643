//! Numbers and choices from bytes.

/// Reads from bytes; zeros when they run out, so that every input means something.
#[derive(Debug)]
pub struct Source<'a> {
    bytes: &'a [u8],
}

const SPECIAL: [f64; 24] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    0.95,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    5e-324,
    f64::EPSILON,
    1e-150,
    1e150,
    9_007_199_254_740_992.0,
    9_007_199_254_740_994.0,
    1e-8,
    1e8,
    0.1,
    0.999_999_999_999_999_9,
    1.000_000_000_000_000_2,
];

impl<'a> Source<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    pub fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((first, rest)) => {
                self.bytes = rest;
                *first
            }
            None => 0,
        }
    }

    /// True once in so many inputs.
    pub fn one_in(&mut self, n: u8) -> bool {
        self.byte().is_multiple_of(n)
    }

    fn word(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n.max(1)
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Any double: often an ordinary one, sometimes any bits or a notorious one.
    pub fn number(&mut self) -> f64 {
        match self.byte() % 8 {
            0 => self.pick(&SPECIAL),
            1 => f64::from_bits(self.word()),
            2 => f64::from(self.byte()),
            3 => f64::from(i32::from(self.byte()) - 128) / 16.0,
            4 => 10.0_f64.powi(i32::from(self.byte()) - 128),
            5 => (self.word() >> 11) as f64 / 9_007_199_254_740_992.0,
            _ => {
                let (mantissa, exponent) = (i32::from(self.byte()) - 128, i32::from(self.byte() % 16) - 8);
                f64::from(mantissa) * 2.0_f64.powi(exponent)
            }
        }
    }

    /// A number that is likelier to be a possible variance, count or time.
    pub fn positive(&mut self) -> f64 {
        let x = self.number();
        if self.one_in(16) { x } else { x.abs() }
    }

    /// A whole number, mostly small.
    pub fn count(&mut self) -> f64 {
        match self.byte() % 16 {
            0 => self.number(),
            1 => self.number().abs().round(),
            2..=4 => f64::from(u32::from(self.byte()) * 256 + u32::from(self.byte())),
            _ => f64::from(self.byte() % 32),
        }
    }

    /// A number that is likelier to lie between -1 and 1.
    pub fn share(&mut self) -> f64 {
        match self.byte() % 8 {
            0 => self.number(),
            1 => f64::from(self.byte()) / 128.0 - 1.0,
            _ => f64::from(self.byte()) / 255.0,
        }
    }
}
