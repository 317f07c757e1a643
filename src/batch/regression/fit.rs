//! The estimators of a batch of regressions, tile by tile.

use super::super::InstructionSet;
use super::super::input::{BatchInput, Layout};
use super::super::kernel::solve::{Ground, likelihood, paule_mandel};
use super::super::kernel::tile::{Rows, Source};
use super::super::kernel::{Kernel, gather, in_place};
use super::blocks::{self, COLUMNS, PRODUCTS};
use super::cells::{Cell, Cells, Row};
use super::design::{BatchDesign, MOST};
use super::one_unit::OneUnit;
use super::studies::{First, Studies};
use super::tile::{DesignTile, Fit, Scores};
use crate::num::lanes::{Lanes, Mask, Num, flat};
use pulp::{Simd, WithSimd};

/// Largest ratio of variances in a unit, 2^27.
const RATIO: f64 = 134_217_728.0;
/// Largest `sum w / tr P` at tau2 = 0: beyond, few studies carry nearly all weight and the difference in `tr P` cancels.
const DOMINANCE: f64 = 16.0;
/// Largest amplification of rounding from QE to `tau2 + min v`: projections round more than a mean does.
const AMPLIFICATION: f64 = 64.0;
/// Largest size of the fitted part, as a weighted sum of squares, relative to Q.
const FITTED: f64 = 16_384.0;
/// How steeply a score must cross zero.
const STEEP: f64 = 1.0 / 8.0;
/// Largest Q, 2^100.
const LARGEST_Q: f64 = f64::from_bits((1023 + 100) << 52);
/// A square of a standard error below this has lost digits.
const SMALLEST_SQUARE: f64 = f64::MIN_POSITIVE / f64::EPSILON;

/// The kernel's numbers of one unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) coefficients: [f64; MOST],
    pub(super) se: [f64; MOST],
    pub(super) tau2: f64,
    pub(super) qe: f64,
    pub(super) qm: f64,
    /// `QE` at tau2.
    pub(super) q_at: f64,
    pub(super) count: u32,
    /// Whether the unit is left to the careful path.
    pub(super) lost: bool,
}

/// Fits units `first..first + units` and hands each to `take`, in order. `kernel` is `None` for an estimator that is left to the careful path.
pub(super) fn run(
    set: InstructionSet,
    kernel: Option<Kernel>,
    design: &BatchDesign,
    input: &BatchInput<'_>,
    range: (usize, usize),
    (gathered, memory): (&mut Vec<f64>, &mut Vec<f64>),
    take: &mut dyn FnMut(usize, &Unit),
) {
    let all = Run { kernel, design, input, range, gathered, take };
    match (design.coefficients(), range.1) {
        (..=COLUMNS, 1) => set.at_most_four().dispatch(One(all, memory)),
        // The bits are the same; one unit would leave lanes of a vector idle.
        (..=4, 1) => Simd::vectorize(pulp::Scalar, Sized::<4, 10>(all)),
        (_, 1) => Simd::vectorize(pulp::Scalar, Sized::<8, 36>(all)),
        (..=2, _) => set.dispatch(Sized::<2, 3>(all)),
        (..=4, _) => set.dispatch(Sized::<4, 10>(all)),
        _ => set.dispatch(Sized::<8, 36>(all)),
    }
}

struct Run<'a, 'b> {
    kernel: Option<Kernel>,
    design: &'a BatchDesign,
    input: &'a BatchInput<'b>,
    range: (usize, usize),
    gathered: &'a mut Vec<f64>,
    take: &'a mut dyn FnMut(usize, &Unit),
}

/// Many units, with room for `P` coefficients and `T` products of two, known to the compiler.
struct Sized<'a, 'b, const P: usize, const T: usize>(Run<'a, 'b>);

impl<const P: usize, const T: usize> WithSimd for Sized<'_, '_, P, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = Lanes::<S, 1>::new(simd);
        let rows: Vec<Row<P, T>> = (0..self.0.design.studies()).map(|study| Row::new(self.0.design, study)).collect();
        let mut cells = vec![Cell::empty(lanes); rows.len()];
        self.0.tiles(lanes, Cells { cells: &mut cells, rows: &rows });
    }
}

/// One unit, and memory for its studies.
struct One<'a, 'b>(Run<'a, 'b>, &'a mut Vec<f64>);

impl WithSimd for One<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F64_LANES {
            4 => self.in_lanes::<S, 2, 1>(simd),
            2 => self.in_lanes::<S, 4, 2>(simd),
            _ => Sized::<COLUMNS, PRODUCTS>(self.0).with_simd(pulp::Scalar),
        }
    }
}

impl One<'_, '_> {
    #[inline(always)]
    fn in_lanes<W: Simd, const M: usize, const H: usize>(self, simd: W) {
        let Self(run, memory) = self;
        let design = blocks::of(run.design.basis());
        let studies = OneUnit::<W, M, H>::new(simd, &design, memory);
        run.tiles(Lanes::<_, 1>::new(pulp::Scalar), studies);
    }
}

impl Run<'_, '_> {
    /// Tile after tile, in the room of these studies.
    #[inline(always)]
    fn tiles<C: Studies<S, N, P, T>, S: Simd, const N: usize, const P: usize, const T: usize>(
        self,
        lanes: Lanes<S, N>,
        studies: C,
    ) {
        let Self { kernel, design, input, range: (first, units), gathered, take } = self;
        let width = Lanes::<S, N>::WIDTH;
        let mut tile = DesignTile::new(lanes, studies, design.coefficients());
        let mut place = 0;
        while place < units {
            let here = width.min(units - place);
            let at = first + place;
            let source = match in_place(input, (at, 0), here == width) {
                Some(source) => source,
                None => {
                    let (y, v) = gather(input, (at, here), (design.studies(), width), gathered);
                    Source::Rows(Rows { y, v, stride: width, at: 0, ahead: 0 })
                }
            };
            let fitted = tile.fit(source, kernel, design.has_intercept());
            for lane in 0..here {
                take(place + lane, &fitted.unit(lane, design));
            }
            place += here;
        }
    }
}

/// Whether a layout has the same studies in every unit.
pub(super) fn is_regular(input: &BatchInput<'_>) -> bool {
    !matches!(input.layout, Layout::Ragged { .. })
}

/// The results of a tile.
struct Fitted<S: Simd, const N: usize, const P: usize> {
    first: First<S, N, P>,
    fit: Fit<S, N, P>,
    tau2: Num<S, N>,
    qe: Num<S, N>,
    kept: Mask<S, N>,
    lanes: Lanes<S, N>,
}

impl<C: Studies<S, N, P, T>, S: Simd, const N: usize, const P: usize, const T: usize> DesignTile<C, S, N, P, T> {
    #[inline(always)]
    fn fit(&mut self, source: Source<'_>, kernel: Option<Kernel>, intercept: bool) -> Fitted<S, N, P> {
        let l = self.lanes;
        let (zero, one) = (l.splat(0.0), l.splat(1.0));
        let first = self.read(source, intercept);
        let Scores { full, asked: restricted } = self.score_at(zero, true);
        let Fit { q, s1, regular, .. } = self.fit;
        let df = l.sub(first.count, l.splat(self.columns as f64));
        let mut all = first.taken;
        for (all, more) in all.iter_mut().zip(&self.fit.more) {
            *all = l.add(*all, *more);
        }
        let near = l.le(self.size(&all), l.mul(l.splat(FITTED), l.add(q, one)));
        let mut kept = l.and(l.and(first.sound, near), l.and(regular, l.le(q, l.splat(LARGEST_Q))));
        kept = l.and(kept, l.ge(df, one));
        if kernel != Some(Kernel::Common) {
            let shared = l.ge(l.mul(l.splat(DOMINANCE), restricted.g), s1);
            let similar = l.le(first.most, l.mul(l.splat(RATIO), first.least));
            kept = l.and(kept, l.and(shared, similar));
        }
        let moment = l.max(l.div(l.sub(q, df), restricted.g), zero);
        let ground = Ground { least: first.least, q, rss: first.rss, df, moment, kept, steep: STEEP };
        // tau2 and the lanes that are to be trusted; the last fit made is the one there, but for likelihoods.
        let mut at_maximum = None;
        let (tau2, kept) = match kernel {
            Some(Kernel::Common) => (zero, kept),
            Some(Kernel::DerSimonianLaird) => {
                let scale = l.mul(l.mul(l.add(moment, first.least), restricted.g), l.splat(AMPLIFICATION));
                self.fit_at(moment);
                (moment, l.and(kept, l.le(q, scale)))
            }
            Some(Kernel::PauleMandel) => {
                let (tau2, kept) = paule_mandel(self, &ground, ());
                self.fit_at(tau2);
                (tau2, kept)
            }
            // One body for both: the compiler would make two of it.
            Some(kernel @ (Kernel::Reml | Kernel::MaximumLikelihood)) => {
                let reml = kernel == Kernel::Reml;
                let origin = if reml { restricted } else { full };
                let (tau2, fit, kept) = likelihood(self, (&ground, reml), (&origin, ()));
                at_maximum = Some(fit);
                (tau2, kept)
            }
            _ => (zero, l.none()),
        };
        let fit = at_maximum.unwrap_or(self.fit);
        Fitted { first, fit, tau2, qe: q, kept: l.and(kept, fit.regular), lanes: l }
    }
}

impl<S: Simd, const N: usize, const P: usize> Fitted<S, N, P> {
    /// One unit's numbers, from the basis to the columns as given.
    fn unit(&self, lane: usize, design: &BatchDesign) -> Unit {
        let l = self.lanes;
        let of = |numbers: &Num<S, N>| flat::<S, N>(numbers).get(lane).copied().unwrap_or(f64::NAN);
        let mut gamma = [0.0; P];
        for (gamma, (taken, more)) in gamma.iter_mut().zip(self.first.taken.iter().zip(&self.fit.more)) {
            *gamma = of(taken) + of(more);
        }
        let mut unit = Unit {
            coefficients: [0.0; MOST],
            se: [0.0; MOST],
            tau2: of(&self.tau2),
            qe: of(&self.qe),
            qm: 0.0,
            q_at: of(&self.fit.q),
            count: of(&self.first.count) as u32,
            lost: of(&l.select(self.kept, l.splat(0.0), l.splat(1.0))) > 0.0,
        };
        let columns = unit.coefficients.iter_mut().zip(&mut unit.se);
        for ((value, se), to_own) in columns.zip(design.to_own().chunks_exact(design.coefficients())) {
            *value = to_own.iter().zip(&gamma).map(|(t, g)| t * g).sum();
            let mut square = 0.0;
            for row in &self.fit.inverse {
                let part: f64 = row.iter().zip(to_own).map(|(entry, t)| of(entry) * t).sum();
                square += part * part;
            }
            *se = square.sqrt();
            // A square that left the range, as with covariates of an extreme unit.
            unit.lost |= !(SMALLEST_SQUARE..f64::INFINITY).contains(&square) || !value.is_finite();
        }
        if let (true, Some(value)) = (design.has_intercept(), unit.coefficients.first_mut()) {
            *value += of(&self.first.origin);
        }
        for m in usize::from(design.has_intercept())..design.coefficients() {
            let column = self.fit.factor.iter().zip(&gamma).skip(m);
            let part: f64 = column.filter_map(|(row, g)| row.get(m).map(|entry| of(entry) * g)).sum();
            unit.qm += part * part;
        }
        unit.lost |= !unit.qm.is_finite();
        unit
    }
}
