//! The studies of one unit, with the sums in the lanes.
//!
//! A sum over the studies has to be taken in their order, and a single unit leaves all lanes but one without work. But a fit takes many sums
//! over the same weights, one for each product of two columns: these are the lanes. What is not summed, the weights and the residuals, is
//! computed for eight studies at a time. No bit differs from those of a batch.

use super::super::kernel::tile::Source;
use super::blocks::{COLUMNS, DesignBlock, EIGHT, Eight, PRODUCTS};
use super::studies::{First, Powers, Studies, Vector, Weighed, sound};
use crate::num::lanes::{Lanes, Num, flat};
use pulp::{NullaryFnOnce, Scalar, Simd};

/// Numbers of eight studies. Those that are missing, and those after the last, have an infinite variance.
type Block = [Eight; 9];

/// Effects less what the first look explains; 0 where missing.
const E: usize = 0;
const V: usize = 1;
/// The weights last computed.
const W: usize = 2;
/// What is summed with the entries of the design.
const WITH_ENTRIES: usize = 3;
/// What is summed with the products.
const WITH_PRODUCTS: [usize; 2] = [4, 5];
/// What is summed by itself.
const ALONE: [usize; 3] = [6, 7, 8];

/// One unit.
#[derive(Debug)]
pub(super) struct OneUnit<'d, W: Simd, const M: usize, const H: usize> {
    /// For eight numbers, and for four.
    wide: (Lanes<W, M>, Lanes<W, H>),
    blocks: &'d mut [Block],
    design: &'d [DesignBlock],
}

impl<'d, W: Simd, const M: usize, const H: usize> OneUnit<'d, W, M, H> {
    /// In some memory, which may be kept.
    pub(super) fn new(simd: W, design: &'d [DesignBlock], memory: &'d mut Vec<f64>) -> Self {
        debug_assert_eq!((Lanes::<W, M>::WIDTH, Lanes::<W, H>::WIDTH), (EIGHT, EIGHT / 2));
        let size = design.len() * size_of::<Block>() / size_of::<f64>();
        memory.resize(memory.len().max(size), 0.0);
        let blocks = memory.get_mut(..size).unwrap_or_default().as_chunks_mut::<EIGHT>().0.as_chunks_mut().0;
        Self { wide: (Lanes::new(simd), Lanes::new(simd)), blocks, design }
    }
}

/// As many numbers as there are lanes.
#[inline(always)]
fn load<W: Simd, const M: usize>(l: Lanes<W, M>, numbers: &[f64]) -> Num<W, M> {
    l.rows(numbers).0.first().copied().unwrap_or_else(|| l.splat(0.0))
}

#[inline(always)]
fn store<W: Simd, const M: usize>(l: Lanes<W, M>, to: &mut Eight, numbers: Num<W, M>) {
    l.rows_mut(to).0.iter_mut().for_each(|to| *to = numbers);
}

/// The arithmetic, the studies and the design.
type Parts<B, D, W, const M: usize, const H: usize> = ((Lanes<W, M>, Lanes<W, H>), B, D);

/// Numbers of one unit.
type One = Num<Scalar, 1>;

/// The first lanes.
fn lanes<W: Simd, const M: usize, const L: usize>(numbers: &Num<W, M>) -> [One; L] {
    let mut out = [[0.0]; L];
    out.iter_mut().zip(flat::<W, M>(numbers)).for_each(|(to, x)| *to = [*x]);
    out
}

/// As many sums as there are lanes.
#[inline(always)]
fn add<W: Simd, const M: usize>(l: Lanes<W, M>, sums: Num<W, M>, weight: &f64, row: &[f64]) -> Num<W, M> {
    l.add(sums, l.mul(l.splat(*weight), load(l, row)))
}

/// What is left of eight effects without what these coefficients explain.
#[inline(always)]
fn sub_fitted<W: Simd, const M: usize>(
    l: Lanes<W, M>,
    effects: Num<W, M>,
    z: &[Eight; COLUMNS],
    coefficients: &[f64; COLUMNS],
) -> Num<W, M> {
    let mut rest = effects;
    for (coefficient, z) in coefficients.iter().zip(z) {
        rest = l.sub(rest, l.mul(load(l, z), l.splat(*coefficient)));
    }
    rest
}

// Each look at the unit is a function of its own, compiled for the instruction set. First what is summed is computed, eight studies at a
// time, then the sums are taken: the compiler would else carry numbers from lane to lane that are quicker had from memory.

/// Effects from `origin` on, and what is missing.
struct Centre<'t, W: Simd, const M: usize, const H: usize> {
    unit: Parts<&'t mut [Block], &'t [DesignBlock], W, M, H>,
    origin: f64,
}

impl<W: Simd, const M: usize, const H: usize> NullaryFnOnce for Centre<'_, W, M, H> {
    /// The smallest and the largest variance and the number of studies, in parts.
    type Output = [Num<W, M>; 3];

    #[inline(always)]
    fn call(self) -> Self::Output {
        let ((l, _), blocks, _) = self.unit;
        let (zero, one, inf) = (l.splat(0.0), l.splat(1.0), l.splat(f64::INFINITY));
        let origin = l.splat(self.origin);
        let [mut least, mut most, mut count] = [inf, zero, zero];
        for block in blocks {
            let (y, v) = (load(l, &block[E]), load(l, &block[V]));
            let here = l.and(l.eq(y, y), l.lt(v, inf));
            let v = l.select(here, v, inf);
            store(l, &mut block[E], l.select(here, l.sub(y, origin), zero));
            store(l, &mut block[V], v);
            least = l.min(least, v);
            most = l.max(most, l.select(here, v, zero));
            count = l.add(count, l.select(here, one, zero));
        }
        [least, most, count]
    }
}

struct TakeOut<'t, W: Simd, const M: usize, const H: usize> {
    unit: Parts<&'t mut [Block], &'t [DesignBlock], W, M, H>,
}

impl<W: Simd, const M: usize, const H: usize> NullaryFnOnce for TakeOut<'_, W, M, H> {
    /// What was taken out of the effects, and the sum of squares of what is left of them.
    type Output = (Num<W, H>, f64);

    #[inline(always)]
    fn call(self) -> Self::Output {
        let ((l, half), blocks, design) = self.unit;
        let (zero, inf) = (l.splat(0.0), l.splat(f64::INFINITY));
        let mut taken = half.splat(0.0);
        for (block, of) in blocks.iter().zip(design) {
            for (e, entries) in block[E].iter().zip(&of.entries).take(of.here) {
                taken = add(half, taken, e, entries);
            }
        }
        let columns: [f64; COLUMNS] = flat::<W, H>(&taken).first_chunk().copied().unwrap_or_default();
        for (block, of) in blocks.iter_mut().zip(design) {
            let e = sub_fitted(l, load(l, &block[E]), &of.z, &columns);
            let e = l.select(l.lt(load(l, &block[V]), inf), e, zero);
            store(l, &mut block[E], e);
            store(l, &mut block[ALONE[0]], l.mul(e, e));
        }
        let mut rss = 0.0;
        for (block, of) in blocks.iter().zip(design) {
            block[ALONE[0]].iter().take(of.here).for_each(|square| rss += square);
        }
        (taken, rss)
    }
}

struct Weigh<'t, W: Simd, const M: usize, const H: usize> {
    unit: Parts<&'t mut [Block], &'t [DesignBlock], W, M, H>,
    x: f64,
}

impl<W: Simd, const M: usize, const H: usize> NullaryFnOnce for Weigh<'_, W, M, H> {
    /// The sums over products, and over effects.
    type Output = (Num<W, M>, Num<W, H>);

    #[inline(always)]
    fn call(self) -> Self::Output {
        let ((l, half), blocks, design) = self.unit;
        let (one, x) = (l.splat(1.0), l.splat(self.x));
        for block in &mut *blocks {
            let w = l.div(one, l.add(load(l, &block[V]), x));
            store(l, &mut block[W], w);
            let we = l.mul(w, load(l, &block[E]));
            store(l, &mut block[WITH_ENTRIES], we);
        }
        let (mut a, mut b) = (l.splat(0.0), half.splat(0.0));
        for (block, of) in blocks.iter().zip(design) {
            let studies = of.products.iter().zip(&of.entries).zip(block[W].iter().zip(&block[WITH_ENTRIES]));
            for ((products, entries), (w, we)) in studies.take(of.here) {
                a = add(l, a, w, products);
                b = add(half, b, we, entries);
            }
        }
        (a, b)
    }
}

/// Residuals with the weights last computed, and sums over them; those over powers of the weights with `POWERS` only.
struct TakeResiduals<'t, W: Simd, const M: usize, const H: usize, const POWERS: bool> {
    unit: Parts<&'t mut [Block], &'t [DesignBlock], W, M, H>,
    more: [f64; COLUMNS],
}

/// `sum w r^2`, `sum w^2 r^2`, `sum w^3 r^2`; the sums over residuals, and over products with second and third powers.
type Residuals<W, const M: usize, const H: usize> = ([f64; 3], Num<W, H>, [Num<W, M>; 2]);

impl<W: Simd, const M: usize, const H: usize, const POWERS: bool> NullaryFnOnce for TakeResiduals<'_, W, M, H, POWERS> {
    type Output = Residuals<W, M, H>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        let ((l, half), blocks, design) = self.unit;
        for (block, of) in blocks.iter_mut().zip(design) {
            let w = load(l, &block[W]);
            let r = sub_fitted(l, load(l, &block[E]), &of.z, &self.more);
            let wr = l.mul(w, r);
            store(l, &mut block[ALONE[0]], l.mul(wr, r));
            store(l, &mut block[ALONE[1]], l.mul(wr, wr));
            if POWERS {
                let w2 = l.mul(w, w);
                let w2r = l.mul(w2, r);
                store(l, &mut block[ALONE[2]], l.mul(w2r, wr));
                store(l, &mut block[WITH_ENTRIES], w2r);
                store(l, &mut block[WITH_PRODUCTS[0]], w2);
                store(l, &mut block[WITH_PRODUCTS[1]], l.mul(w2, w));
            }
        }
        let (mut alone, mut u, [mut squares, mut cubes]) = ([0.0; 3], half.splat(0.0), [l.splat(0.0); 2]);
        for (block, of) in blocks.iter().zip(design) {
            let [qs, fs, thirds] = ALONE.map(|of| &block[of]);
            let [w2, w3] = WITH_PRODUCTS.map(|of| &block[of]);
            for (i, (products, entries)) in of.products.iter().zip(&of.entries).enumerate().take(of.here) {
                alone[0] += qs[i];
                alone[1] += fs[i];
                if POWERS {
                    alone[2] += thirds[i];
                    u = add(half, u, &block[WITH_ENTRIES][i], entries);
                    squares = add(l, squares, &w2[i], products);
                    cubes = add(l, cubes, &w3[i], products);
                }
            }
        }
        (alone, u, [squares, cubes])
    }
}

struct Size<'t, W: Simd, const M: usize, const H: usize> {
    unit: Parts<&'t mut [Block], &'t [DesignBlock], W, M, H>,
    t: [f64; COLUMNS],
}

impl<W: Simd, const M: usize, const H: usize> NullaryFnOnce for Size<'_, W, M, H> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let ((l, _), blocks, design) = self.unit;
        for (block, of) in blocks.iter_mut().zip(design) {
            let mut fitted = l.splat(0.0);
            for (t, z) in self.t.iter().zip(&of.z) {
                fitted = l.add(fitted, l.mul(load(l, z), l.splat(*t)));
            }
            let size = l.mul(load(l, &block[W]), l.mul(fitted, fitted));
            store(l, &mut block[ALONE[0]], size);
        }
        let mut sum = 0.0;
        for (block, of) in blocks.iter().zip(design) {
            block[ALONE[0]].iter().take(of.here).for_each(|size| sum += size);
        }
        sum
    }
}

impl<W: Simd, const M: usize, const H: usize> Studies<Scalar, 1, COLUMNS, PRODUCTS> for OneUnit<'_, W, M, H> {
    fn read(&mut self, l: Lanes<Scalar, 1>, source: Source<'_>, intercept: bool) -> First<Scalar, 1, COLUMNS> {
        for (place, (block, of)) in self.blocks.iter_mut().zip(self.design).enumerate() {
            (block[E], block[V]) = ([0.0; EIGHT], [f64::INFINITY; EIGHT]);
            let [e, v, ..] = block;
            for (i, (e, v)) in e.iter_mut().zip(v).enumerate().take(of.here) {
                if let Some(([effect], [variance])) = source.row::<Scalar, 1>(EIGHT * place + i) {
                    (*e, *v) = (*effect, *variance);
                }
            }
        }
        let here = |(y, v): &(&f64, &f64)| !y.is_nan() && **v < f64::INFINITY;
        let studies = || self.blocks.iter().flat_map(|block| block[E].iter().zip(&block[V]));
        let origin = if intercept { studies().find(here).map_or(0.0, |(y, _)| *y) } else { 0.0 };
        let unit = (self.wide, &mut *self.blocks, self.design);
        let [least, most, count] = self.wide.0.run(Centre { unit, origin });
        let least = flat::<W, M>(&least).iter().fold(f64::INFINITY, |a, b| if *b < a { *b } else { a });
        let most = flat::<W, M>(&most).iter().fold(0.0, |a, b| if *b > a { *b } else { a });
        let count = flat::<W, M>(&count).iter().sum::<f64>();
        let (taken, rss) = self.wide.0.run(TakeOut { unit: (self.wide, &mut *self.blocks, self.design) });
        let [least, most, count, origin, rss] = [least, most, count, origin, rss].map(|x| [x]);
        First {
            origin,
            taken: lanes::<W, H, COLUMNS>(&taken),
            count,
            least,
            most,
            rss,
            sound: sound(l, (least, most), rss),
        }
    }

    fn weigh(&mut self, _: Lanes<Scalar, 1>, [x]: One) -> Weighed<Scalar, 1, COLUMNS, PRODUCTS> {
        let (a, b) = self.wide.0.run(Weigh { unit: (self.wide, &mut *self.blocks, self.design), x });
        let (b, a) = (lanes::<W, H, COLUMNS>(&b), lanes::<W, M, { PRODUCTS + 1 }>(&a));
        let (s1, a) = split(a);
        Weighed { s1, b, a }
    }

    fn residuals(&mut self, _: Lanes<Scalar, 1>, more: &Vector<Scalar, 1, COLUMNS>) -> (One, One) {
        let unit = (self.wide, &mut *self.blocks, self.design);
        let ([q, f, _], ..) = self.wide.0.run(TakeResiduals::<_, M, H, false> { unit, more: more.map(|[x]| x) });
        ([q], [f])
    }

    fn residuals_and_powers<const RESTRICTED: bool>(
        &mut self,
        _: Lanes<Scalar, 1>,
        more: &Vector<Scalar, 1, COLUMNS>,
    ) -> ((One, One), Powers<Scalar, 1, COLUMNS, PRODUCTS>) {
        let unit = (self.wide, &mut *self.blocks, self.design);
        let of = self.wide.0.run(TakeResiduals::<_, M, H, true> { unit, more: more.map(|[x]| x) });
        let ([q, f, third], u, [squares, cubes]) = of;
        let (s2, squares) = split(lanes::<W, M, { PRODUCTS + 1 }>(&squares));
        let (u, cubes) = (lanes::<W, H, COLUMNS>(&u), lanes::<W, M, PRODUCTS>(&cubes));
        (([q], [f]), Powers { s2, third: [third], u, squares, cubes })
    }

    fn size(&mut self, _: Lanes<Scalar, 1>, t: &Vector<Scalar, 1, COLUMNS>) -> One {
        let unit = (self.wide, &mut *self.blocks, self.design);
        [self.wide.0.run(Size { unit, t: t.map(|[x]| x) })]
    }
}

/// The sum of the weights alone, and those over products.
fn split([a, b, c, d, e, f, alone]: [One; PRODUCTS + 1]) -> (One, [One; PRODUCTS]) {
    (alone, [a, b, c, d, e, f])
}
