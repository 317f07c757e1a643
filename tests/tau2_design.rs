//! tau2 with moderators: the 13 BCG trials regressed on latitude and year (metafor's `dat.bcg`, log risk ratios).
//!
//! Truth by mpmath at 60 digits with plain matrix algebra. metafor 3.8-1 with tightened control agrees to 1.2e-10 (it inverts `X'WX` with
//! year uncentred), except for Sidik-Jonkman, whose start it takes about the mean instead of about the fitted values (0.2532 there).

use meta_analysis::tau2::{Tau2, estimate_with_design};
use nalgebra::DMatrix;
use proptest::collection::vec;
use proptest::prelude::*;

const LOG_RISK_RATIO: [f64; 13] = [
    -0.8893113339202054,
    -1.5853886572014306,
    -1.3480731482996933,
    -1.4415511900213054,
    -0.21754732221129558,
    -0.786115585818864,
    -1.6208982235983918,
    0.011952333523840508,
    -0.4694176487381494,
    -1.3713448034727844,
    -0.3393588283383906,
    0.44591340057137874,
    -0.017313948216879815,
];
const VARIANCE: [f64; 13] = [
    0.32558476500396133,
    0.19458112139814385,
    0.4153679653679654,
    0.020010031902247573,
    0.05121017216963086,
    0.0069056184559087574,
    0.22301724757231517,
    0.0039615792978177295,
    0.056434210463248966,
    0.07302479361302891,
    0.01241221397155972,
    0.5325058452001528,
    0.0714046596839863,
];
const LATITUDE: [f64; 13] = [44.0, 55.0, 42.0, 52.0, 13.0, 44.0, 19.0, 13.0, 27.0, 42.0, 18.0, 33.0, 33.0];
const YEAR: [f64; 13] =
    [1948.0, 1949.0, 1960.0, 1977.0, 1973.0, 1953.0, 1973.0, 1980.0, 1968.0, 1961.0, 1974.0, 1969.0, 1976.0];

/// Method, tau2, standard error.
const TRUTH: [(Tau2, f64, f64); 7] = [
    (Tau2::DerSimonianLaird, 0.07903895781525448, 0.07393523915019835),
    (Tau2::Hedges, 0.2356107608170765, 0.1920286957394875),
    (Tau2::HunterSchmidt, 0.025135517361814144, 0.013079310941160405),
    (Tau2::SidikJonkman, 0.22175659294931552, 0.11016262556857906),
    (Tau2::MaximumLikelihood, 0.026873199313656386, 0.023584366717446487),
    (Tau2::Reml, 0.1107846969474215, 0.08446077545982048),
    (Tau2::PauleMandel, 0.17163711572458215, 0.11763993838250646),
];

#[test]
fn bcg_on_latitude_and_year() {
    let x = DMatrix::from_fn(13, 3, |i, j| [1.0, LATITUDE[i], YEAR[i]][j]);
    for (method, tau2, se) in TRUTH {
        let fit = estimate_with_design(&LOG_RISK_RATIO, &VARIANCE, &x, method).unwrap();
        assert!((fit.tau2 / tau2 - 1.0).abs() < 1e-12, "{method}: {}", fit.tau2);
        assert!((fit.se.unwrap() / se - 1.0).abs() < 1e-12, "{method}: {:?}", fit.se);
        if let Some(certificate) = fit.certificate {
            let truth = if method == Tau2::Reml { -8.106873837010511 } else { -7.646115227730119 };
            assert!(certificate.unimodal);
            assert!((certificate.maxima[0].log_likelihood - truth).abs() < 1e-11, "{certificate:?}");
        }
    }
}

/// An intercept and two moderators (column by column in `x`), with sampling variances many orders of magnitude apart.
struct Hard {
    y: &'static [f64],
    v: &'static [f64],
    x: &'static [f64],
    dl: f64,
    pm: f64,
    ml: f64,
    reml: f64,
}

/// Truth by mpmath at 200 digits from the exact doubles.
const HARD: &[Hard] = &[
    Hard {
        y: &[
            18.57987211173545,
            16.121787495350116,
            11.921182477238759,
            11.84558827770603,
            17.533868527557583,
            18.73714926678157,
        ],
        v: &[
            2.8752819026304056e-31,
            4.404756397560767e-30,
            8.607721454029813e-33,
            1.0178840590363226e-16,
            2.537091975226268e-21,
            6.653419332639655e-08,
        ],
        x: &[24.4, 20.2, 15.3, 16.4, 22.8, 24.9, 0.75, 1.21, 0.71, 0.03, 0.84, 0.59],
        dl: 1.8976484831309512e-20,
        pm: 6.495895326149857e-17,
        ml: 0.0,
        reml: 0.0,
    },
    Hard {
        y: &[-7.369473735909266, -12.649585694705436, -7.329701798794151, -10.555421063774814, -7.735985243525415],
        v: &[
            2.8088918722008108e-14,
            1.0881831873124771e-18,
            9.679402419719942e-18,
            0.00037383941125721063,
            0.013444014817826972,
        ],
        x: &[17.3, 27.6, 15.9, 25.1, 17.5, 0.45, -1.23, -0.84, 1.07, 0.19],
        dl: 0.0001803216182735533,
        pm: 0.0005754548813218963,
        ml: 0.0,
        reml: 0.00013188032188842847,
    },
    Hard {
        y: &[
            3.336522532602327,
            7.768774317116332,
            9.217577202357926,
            7.07384989087844,
            7.731051218120805,
            9.419074024299919,
            11.31672096764817,
            6.975542344248176,
        ],
        v: &[
            2.741920679528406e-20,
            4.7984253026332024e-08,
            8.239141990588618e-15,
            3.703257541455733e-20,
            1.3525133318301088e-20,
            0.4758274087084147,
            6.752086434843857e-27,
            9.68927550306339e-24,
        ],
        x: &[11.8, 21.3, 23.6, 21.3, 18.2, 20.4, 25.8, 16.4, 0.92, 0.71, 0.26, 1.45, -0.72, 0.94, -0.93, -0.77],
        dl: 1.0550435418494378e-19,
        pm: 0.4318288501629253,
        ml: 0.0,
        reml: 2.0201924834493568e-20,
    },
    Hard {
        y: &[
            0.8830061939135779,
            0.31081273472821624,
            1.2371769290665713,
            1.1260618225940853,
            0.6551415420256019,
            0.9423576648775331,
        ],
        v: &[
            1.2579663680773382e-31,
            4.763254272711746e-38,
            0.00045247491303880105,
            5.16884780897808e-49,
            2.91413797041663e-49,
            4.803890307479451e-57,
        ],
        x: &[0.0, 0.0, 1.0, 0.0, 0.0, 1.0, -0.3, 0.83, -1.14, -0.78, 0.15, -0.43],
        dl: 4.108363761170971e-34,
        pm: 0.0003998428399045737,
        ml: 1.0267209544277186e-34,
        reml: 4.095066298206951e-34,
    },
];

#[test]
fn very_unequal_variances_cost_no_digits() {
    for (i, case) in HARD.iter().enumerate() {
        let k = case.y.len();
        let x = DMatrix::from_fn(k, 3, |i, j| if j == 0 { 1.0 } else { case.x[(j - 1) * k + i] });
        let least = case.v.iter().copied().fold(f64::INFINITY, f64::min);
        let methods = [
            (Tau2::DerSimonianLaird, case.dl),
            (Tau2::PauleMandel, case.pm),
            (Tau2::MaximumLikelihood, case.ml),
            (Tau2::Reml, case.reml),
        ];
        for (method, truth) in methods {
            let tau2 = estimate_with_design(case.y, case.v, &x, method).unwrap().tau2;
            assert!((tau2 - truth).abs() <= 1e-12 * (truth + least), "{i} {method}: {tau2:e} {truth:e}");
        }
    }
}

/// Any double, or one of moderate size, or 0.
fn wild() -> impl Strategy<Value = f64> {
    let moderate = (-20.0..20.0_f64, any::<bool>()).prop_map(
        |(e, negative)| {
            if negative { -10_f64.powf(e) } else { 10_f64.powf(e) }
        },
    );
    prop_oneof![1 => any::<f64>(), 40 => moderate, 3 => Just(0.0)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_input_panics_or_gives_nan(
        y in vec(wild(), 6),
        v in vec(wild(), 6),
        x in vec(wild(), 18),
        p in 0_usize..4,
    ) {
        let v: Vec<f64> = v.iter().map(|v| v.abs()).collect();
        let x = DMatrix::from_column_slice(6, p, &x[..6 * p]);
        for method in Tau2::ESTIMATORS {
            if let Ok(fit) = estimate_with_design(&y, &v, &x, method) {
                prop_assert!(fit.tau2.is_finite() && fit.tau2 >= 0.0);
                prop_assert!(fit.se.is_none_or(|se| se.is_finite() && se >= 0.0));
            }
        }
    }

    #[test]
    fn maximum_likelihood_is_not_above_reml(
        y in vec(-3.0..3.0_f64, 9),
        v in vec((-30.0..3.0_f64).prop_map(f64::exp), 9),
        x in vec(-2.0..2.0_f64, 18),
        p in 1_usize..3,
    ) {
        let x = DMatrix::from_column_slice(9, p, &x[..9 * p]);
        let [ml, reml] = [Tau2::MaximumLikelihood, Tau2::Reml].map(|method| estimate_with_design(&y, &v, &x, method).unwrap());
        prop_assert!(ml.tau2 <= reml.tau2);
        for fit in [ml, reml] {
            prop_assert!(fit.certificate.unwrap().residual < 1e-11);
        }
    }
}
