//! Confidence intervals of one proportion and of one rate against mpmath and R.

use meta_analysis::ErrorKind;
use meta_analysis::study::ProportionInterval::{self, AgrestiCoull, ClopperPearson, Jeffreys, MidP, Wilson};
use meta_analysis::study::RateInterval::{self, Garwood, Score};
use meta_analysis::study::{Proportion, Rate};
use proptest::prelude::*;

const METHODS: [ProportionInterval; 5] = [ClopperPearson, MidP, Wilson, AgrestiCoull, Jeffreys];
const RATE_METHODS: [RateInterval; 3] = [Garwood, RateInterval::MidP, Score];

/// Method, events, people, level, limits. mpmath 1.3, mp.dps = 50, by bisection of the equations in the
/// documentation with I(a, b, x) = betainc(a, b, 0, x, regularized=True).
#[rustfmt::skip]
const PROPORTIONS: [(ProportionInterval, u32, u32, f64, f64, f64); 65] = [
    (ClopperPearson, 0, 10, 0.95, 0.0, 0.308_497_107_818_760_8),
    (MidP, 0, 10, 0.95, 0.0, 0.258_865_550_893_052_24),
    (Wilson, 0, 10, 0.95, 0.0, 0.277_532_799_862_889_2),
    (AgrestiCoull, 0, 10, 0.95, 0.0, 0.320_887_305_750_545_7),
    (Jeffreys, 0, 10, 0.95, 0.0, 0.217_196_267_509_210_5),
    (ClopperPearson, 0, 10, 0.8, 0.0, 0.205_671_765_275_718_5),
    (MidP, 0, 10, 0.8, 0.0, 0.148_660_077_479_215_42),
    (Wilson, 0, 10, 0.8, 0.0, 0.141_068_682_090_540_9),
    (AgrestiCoull, 0, 10, 0.8, 0.0, 0.166_702_717_775_729_48),
    (Jeffreys, 0, 10, 0.8, 0.0, 0.123_574_206_328_680_13),
    (ClopperPearson, 7, 8, 0.95, 0.473_490_329_124_793_5, 0.996_840_276_468_748_1),
    (MidP, 7, 8, 0.95, 0.519_722_763_253_378_6, 0.993_748_316_165_944_1),
    (Wilson, 7, 8, 0.95, 0.529_111_817_787_146_6, 0.977_582_508_549_943_3),
    (AgrestiCoull, 7, 8, 0.95, 0.507_827_588_819_020_2, 0.998_866_737_518_069_6),
    (Jeffreys, 7, 8, 0.95, 0.546_280_678_967_585_5, 0.986_161_766_209_679_2),
    (ClopperPearson, 7, 8, 0.8, 0.593_754_506_279_073_8, 0.986_916_281_366_001_5),
    (MidP, 7, 8, 0.8, 0.649_468_952_089_786_5, 0.974_895_998_791_781_5),
    (Wilson, 7, 8, 0.8, 0.660_429_915_639_183_6, 0.961_823_456_992_040_4),
    (AgrestiCoull, 7, 8, 0.8, 0.649_589_045_897_135, 0.972_664_326_734_089_1),
    (Jeffreys, 7, 8, 0.8, 0.667_575_661_374_753_7, 0.962_965_106_434_658_7),
    (ClopperPearson, 8, 8, 0.95, 0.630_583_352_447_180_8, 1.0),
    (MidP, 8, 8, 0.95, 0.687_656_021_933_632_2, 1.0),
    (Wilson, 8, 8, 0.95, 0.675_592_435_116_119_8, 1.0),
    (AgrestiCoull, 8, 8, 0.95, 0.627_832_055_623_071_4, 1.0),
    (Jeffreys, 8, 8, 0.95, 0.737_782_751_282_814_2, 1.0),
    (ClopperPearson, 8, 8, 0.8, 0.749_894_209_332_455_8, 1.0),
    (MidP, 8, 8, 0.8, 0.817_765_433_957_942_4, 1.0),
    (Wilson, 8, 8, 0.8, 0.829_671_163_508_298_7, 1.0),
    (AgrestiCoull, 8, 8, 0.8, 0.799_637_643_649_998_5, 1.0),
    (Jeffreys, 8, 8, 0.8, 0.848_886_618_926_460_4, 1.0),
    (ClopperPearson, 1, 1, 0.95, 0.025_000_000_000_000_022, 1.0),
    (MidP, 1, 1, 0.95, 0.050_000_000_000_000_044, 1.0),
    (Wilson, 1, 1, 0.95, 0.206_549_314_377_237_45, 1.0),
    (AgrestiCoull, 1, 1, 0.95, 0.167_499_485_479_413_04, 1.0),
    (Jeffreys, 1, 1, 0.95, 0.146_746_316_309_575_2, 1.0),
    (ClopperPearson, 1, 1, 0.8, 0.099_999_999_999_999_98, 1.0),
    (MidP, 1, 1, 0.8, 0.199_999_999_999_999_96, 1.0),
    (Wilson, 1, 1, 0.8, 0.378_447_503_225_352_8, 1.0),
    (AgrestiCoull, 1, 1, 0.8, 0.324_349_736_912_679_1, 1.0),
    (Jeffreys, 1, 1, 0.8, 0.351_357_198_025_627_54, 1.0),
    (ClopperPearson, 3, 1000, 0.95, 0.000_619_099_931_649_571_5, 0.008_742_023_238_478_303),
    (MidP, 3, 1000, 0.95, 0.000_763_646_288_987_375_1, 0.008_142_317_798_840_403),
    (Wilson, 3, 1000, 0.95, 0.001_020_783_881_138_619, 0.008_783_014_053_503_173),
    (AgrestiCoull, 3, 1000, 0.95, 0.000_581_432_352_708_981_3, 0.009_222_365_581_932_81),
    (Jeffreys, 3, 1000, 0.95, 0.000_845_634_801_829_834_5, 0.007_984_367_358_403_443),
    (ClopperPearson, 3, 1000, 0.8, 0.001_102_560_699_532_207_6, 0.006_668_495_337_068_159),
    (MidP, 3, 1000, 0.8, 0.001_342_449_446_835_024_4, 0.006_090_757_063_384_532),
    (Wilson, 3, 1000, 0.8, 0.001_455_179_204_394_895, 0.006_174_664_151_236_032),
    (AgrestiCoull, 3, 1000, 0.8, 0.001_318_645_856_967_256, 0.006_311_197_498_663_671),
    (Jeffreys, 3, 1000, 0.8, 0.001_417_321_892_459_302, 0.005_997_984_798_302_42),
    (ClopperPearson, 35, 42, 0.95, 0.686_359_133_119_328_8, 0.930_259_336_344_324_9),
    (MidP, 35, 42, 0.95, 0.697_906_477_146_329, 0.924_075_640_987_917_6),
    (Wilson, 35, 42, 0.95, 0.693_959_972_553_511_5, 0.916_840_833_536_019_2),
    (AgrestiCoull, 35, 42, 0.95, 0.690_797_461_312_069_3, 0.920_003_344_777_461_4),
    (Jeffreys, 35, 42, 0.95, 0.700_387_820_828_026_8, 0.922_219_522_243_039_6),
    (ClopperPearson, 35, 42, 0.8, 0.735_653_414_822_272_6, 0.904_781_509_814_727),
    (MidP, 35, 42, 0.8, 0.747_544_156_402_676_4, 0.896_779_472_891_927_6),
    (Wilson, 35, 42, 0.8, 0.747_412_708_355_130_1, 0.894_165_582_817_776_5),
    (AgrestiCoull, 35, 42, 0.8, 0.746_387_959_755_508_8, 0.895_190_331_417_397_9),
    (Jeffreys, 35, 42, 0.8, 0.749_116_868_877_675, 0.895_354_169_866_531_3),
    (ClopperPearson, 1, 1000000, 0.95, 2.531_780_766_379_42e-08, 5.571_630_655_172_243e-06),
    (MidP, 1, 1000000, 0.95, 5.002_034_477_574_022_7e-08, 4.931_850_413_316_004e-06),
    (Wilson, 1, 1000000, 0.95, 1.765_245_767_453_715_2e-07, 5.664_911_804_311_441e-06),
    (AgrestiCoull, 1, 1000000, 0.95, 0.0, 6.270_306_640_720_28e-06),
    (Jeffreys, 1, 1000000, 0.95, 1.078_976_624_654_187_4e-07, 4.674_192_046_729_828e-06),
];

/// Method, events, level, limits in unit person-time; with P(a, x) = gammainc(a, 0, x, regularized=True).
#[rustfmt::skip]
#[allow(clippy::approx_constant)] // the upper limit of no events at 0.8 is -ln(0.1)
const RATES: [(RateInterval, u32, f64, f64, f64); 30] = [
    (Garwood, 0, 0.95, 0.0, 3.688_879_454_113_935_4),
    (RateInterval::MidP, 0, 0.95, 0.0, 2.995_732_273_553_99),
    (Score, 0, 0.95, 0.0, 3.841_458_820_694_124_5),
    (Garwood, 0, 0.8, 0.0, 2.302_585_092_994_046),
    (RateInterval::MidP, 0, 0.8, 0.0, 1.609_437_912_434_100_5),
    (Score, 0, 0.8, 0.0, 1.642_374_415_149_816_7),
    (Garwood, 1, 0.95, 0.025_317_807_984_289_897, 5.571_643_390_938_897),
    (RateInterval::MidP, 1, 0.95, 0.050_020_344_835_335_53, 4.931_860_524_706_773),
    (Score, 1, 0.95, 0.176_524_554_935_152_96, 5.664_934_265_758_972),
    (Garwood, 1, 0.8, 0.105_360_515_657_826_28, 3.889_720_169_867_429_5),
    (RateInterval::MidP, 1, 0.8, 0.201_229_322_235_453_78, 3.271_812_060_356_294_3),
    (Score, 1, 0.8, 0.299_108_745_394_166_4, 3.343_265_669_755_65),
    (Garwood, 3, 0.95, 0.618_672_122_895_601_5, 8.767_273_069_742_325),
    (RateInterval::MidP, 3, 0.95, 0.763_096_297_797_781_7, 8.164_469_208_368_365),
    (Score, 3, 0.95, 1.020_270_728_364_320_4, 8.821_188_092_329_804),
    (Garwood, 3, 0.8, 1.102_065_328_249_321, 6.680_783_068_255_864),
    (RateInterval::MidP, 3, 0.8, 1.341_799_717_137_506_2, 6.101_216_194_023_514),
    (Score, 3, 0.8, 1.454_444_366_594_054, 6.187_930_048_555_763),
    (Garwood, 12, 0.95, 6.200_575_108_722_218, 20.961_585_048_176_953),
    (RateInterval::MidP, 12, 0.95, 6.501_844_720_728_848, 20.400_852_555_970_697),
    (Score, 12, 0.95, 6.864_759_787_672_821_5, 20.976_699_033_021_3),
    (Garwood, 12, 0.8, 7.829_342_026_256_413_5, 17.781_585_635_961_733),
    (RateInterval::MidP, 12, 0.8, 8.193_806_975_792_798, 17.238_148_213_165_914),
    (Score, 12, 0.8, 8.306_451_178_560_312, 17.335_923_236_589_505),
    (Garwood, 250, 0.95, 219.967_995_630_937_3, 282.987_705_042_316_07),
    (RateInterval::MidP, 250, 0.95, 220.422_020_924_459_99, 282.472_687_348_478_76),
    (Score, 250, 0.95, 220.871_511_921_957_7, 282.969_946_898_736_4),
    (Garwood, 250, 0.8, 229.963_059_958_600_04, 271.505_664_001_553_16),
    (RateInterval::MidP, 250, 0.8, 230.432_782_276_817_53, 270.995_645_965_451_9),
    (Score, 250, 0.8, 230.541_444_797_540_72, 271.100_929_617_609_1),
];

fn is_close(got: f64, truth: f64, tolerance: f64) -> bool {
    (got - truth).abs() <= tolerance * truth.abs()
}

#[test]
fn proportions_against_mpmath() {
    for (method, x, n, level, lower, upper) in PROPORTIONS {
        let got = Proportion::new(x, n).unwrap().interval(method, level).unwrap();
        assert!(is_close(got.lower, lower, 1e-13), "{method:?} {x}/{n} {level}: {} {lower}", got.lower);
        assert!(is_close(got.upper, upper, 1e-13), "{method:?} {x}/{n} {level}: {} {upper}", got.upper);
        assert_eq!((got.method, got.level), (method, level));
    }
}

#[test]
fn rates_against_mpmath() {
    for (method, x, level, lower, upper) in RATES {
        // A power of two as person-time: nothing is rounded.
        let got = Rate::new(x, 128.0).unwrap().interval(method, level).unwrap();
        assert!(is_close(got.lower * 128.0, lower, 1e-13), "{method:?} {x} {level}: {} {lower}", got.lower * 128.0);
        assert!(is_close(got.upper * 128.0, upper, 1e-13), "{method:?} {x} {level}: {} {upper}", got.upper * 128.0);
    }
}

/// R 4.2.2: binom.test(x, n)$conf.int, prop.test(x, n, correct = FALSE)$conf.int, poisson.test(x)$conf.int
#[test]
fn exact_and_score_intervals_of_r() {
    let binom = [(0, 10, 0.0, 0.308_497_107_818_760_8), (7, 8, 0.473_490_329_124_793_4, 0.996_840_276_468_748_1)];
    let prop = [(35, 42, 0.693_959_972_553_511_4, 0.916_840_833_536_019_1), (0, 10, 0.0, 0.277_532_799_862_889_1)];
    for (method, rows) in [(ClopperPearson, binom), (Wilson, prop)] {
        for (x, n, lower, upper) in rows {
            let got = Proportion::new(x, n).unwrap().interval(method, 0.95).unwrap();
            assert!(is_close(got.lower, lower, 1e-14) && is_close(got.upper, upper, 1e-14), "{got:?}");
        }
    }
    for (x, lower, upper) in
        [(1, 0.025_317_807_984_289_9, 5.571_643_390_938_899), (250, 219.967_995_630_937_3, 282.987_705_042_316_1)]
    {
        let got = Rate::new(x, 1.0).unwrap().interval(Garwood, 0.95).unwrap();
        assert!(is_close(got.lower, lower, 1e-14) && is_close(got.upper, upper, 1e-14), "{got:?}");
    }
}

#[test]
fn a_level_is_a_share() {
    for level in [0.0, 1.0, 95.0, -0.5, f64::NAN] {
        for method in METHODS {
            let error = Proportion::new(3, 10).unwrap().interval(method, level).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::LevelOutOfRange { .. }));
        }
        for method in RATE_METHODS {
            let error = Rate::new(3, 10.0).unwrap().interval(method, level).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::LevelOutOfRange { .. }));
        }
    }
}

#[test]
fn counts_up_to_a_quadrillion_and_levels_near_one() {
    for (x, n) in [(1u64, 1_000_000_000_000_000u64), (999_999_999_999_999, 1_000_000_000_000_000), (5, 7)] {
        for method in METHODS {
            for level in [1e-9, 0.5, 0.999_999_999] {
                let got = Proportion::new(x, n).unwrap().interval(method, level).unwrap();
                assert!(0.0 <= got.lower && got.lower <= got.upper && got.upper <= 1.0, "{got:?}");
            }
        }
        for method in RATE_METHODS {
            let got = Rate::new(x, 1e-290).unwrap().interval(method, 0.95).unwrap();
            assert!(0.0 <= got.lower && got.lower < got.upper && got.upper.is_finite(), "{got:?}");
        }
    }
}

#[test]
fn a_rate_beyond_the_largest_number_is_an_error() {
    let error = Rate::new(1e10, 1e-300).unwrap().interval(Garwood, 0.95).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Overflow { .. }));
}

proptest! {
    /// Exchanging events and non-events exchanges the limits.
    #[test]
    fn proportions_are_symmetric(n in 1u32..400, share in 0.0..=1.0_f64, level in 0.5..0.999_f64) {
        let x = (share * f64::from(n)).round() as u32;
        for method in METHODS {
            let one = Proportion::new(x, n).unwrap().interval(method, level).unwrap();
            let other = Proportion::new(n - x, n).unwrap().interval(method, level).unwrap();
            prop_assert!((one.lower - (1.0 - other.upper)).abs() < 1e-14, "{one:?} {other:?}");
            prop_assert!((one.upper - (1.0 - other.lower)).abs() < 1e-14, "{one:?} {other:?}");
        }
    }

    /// Mid-P lies within Clopper-Pearson, a higher level contains a lower one, and all contain the estimate.
    #[test]
    fn intervals_nest(n in 1u32..400, share in 0.0..=1.0_f64, level in 0.5..0.99_f64) {
        let x = (share * f64::from(n)).round() as u32;
        let row = Proportion::new(x, n).unwrap();
        let (exact, mid) = (row.interval(ClopperPearson, level).unwrap(), row.interval(MidP, level).unwrap());
        prop_assert!(exact.lower <= mid.lower && mid.upper <= exact.upper);
        for method in METHODS {
            let (narrow, wide) = (row.interval(method, level).unwrap(), row.interval(method, 0.5 + 0.5 * level).unwrap());
            prop_assert!(wide.lower <= narrow.lower && narrow.upper <= wide.upper, "{narrow:?} {wide:?}");
            prop_assert!(wide.lower <= row.value() && row.value() <= wide.upper, "{wide:?}");
        }
        let rate = Rate::new(x, 3.5).unwrap();
        let (exact, mid) = (rate.interval(Garwood, level).unwrap(), rate.interval(RateInterval::MidP, level).unwrap());
        prop_assert!(exact.lower <= mid.lower && mid.upper <= exact.upper);
        prop_assert!(exact.lower <= rate.value() && rate.value() <= exact.upper);
    }

    /// A rate per day is a rate per year over 365.25, limits included.
    #[test]
    fn rates_follow_the_unit_of_time(x in 0u32..500, time in 0.01..1e4_f64) {
        for method in RATE_METHODS {
            let years = Rate::new(x, time).unwrap().interval(method, 0.95).unwrap();
            let days = Rate::new(x, time * 365.25).unwrap().interval(method, 0.95).unwrap();
            prop_assert!(is_close(days.lower * 365.25, years.lower, 1e-14));
            prop_assert!(is_close(days.upper * 365.25, years.upper, 1e-14));
        }
    }
}
