"""Truth for confidence sets of tau2 and I2, with mpmath. Run here: python3 tau2_intervals.py (after mpmath_pool.py; about 10 minutes)

Own derivation, no package involved. Inputs are exact doubles (repr); results decimal strings, computed with 50 digits.

profile likelihood  {x >= 0: G(x) <= 0}, G = 2 (l_max - l) - drop. With w = 1/(v + x): 2 l' = f - g, f = y'P'Py, g = tr P (REML) or sum w (ML);
    f and g fall, so G' = g - f lies in [g(b) - f(a), g(a) - f(b)] on [a, b]. An interval is done when that bound shows that G does not
    reach 0, or that G is monotone (then the signs at the ends tell, and the root is bisected); otherwise it is halved. l_max by a scan of
    4000 points and a root of the score between the neighbours of each of its peaks. No list of modes is used to find the set.
shortest Q-profile  Q(L) and Q(U) with P(chi2 >= Q(L)) + P(chi2 <= Q(U)) = alpha. A scan of 3000 splits in double precision (scipy) finds the
    best, and the two equations h(L) = h(U), sum of tails = alpha are solved from there with mpmath.
others              by their formulas: unequal tails, Sidik & Jonkman 2005, Higgins & Thompson 2002, R_b of Crippa et al. 2016, the joint
    log-likelihood.
bootstrap           SplitMix64, inversion of the normal distribution and DerSimonian-Laird in 30 digits.
"""
import json
import math
import mpmath as mp
import numpy as np
from scipy import optimize, stats

mp.mp.dps = 50
ONE, TWO = mp.mpf(1), mp.mpf(2)
ALPHA = ONE / 20


def text(x):
    return None if x is None else mp.nstr(x, 25, strip_zeros=True, min_fixed=-4, max_fixed=15)


# ---- chi-squared ------------------------------------------------------------------------------------
def chi2_cdf(x, df):
    return mp.gammainc(mp.mpf(df) / 2, 0, x / 2, regularized=True)


def chi2_sf(x, df):
    return mp.gammainc(mp.mpf(df) / 2, x / 2, mp.inf, regularized=True)


QUANTILES = {}


def chi2_quantile(p, df):
    """The value exceeded with probability 1 - p."""
    key = (mp.nstr(p, 40), df)
    if key not in QUANTILES:
        start = mp.mpf(float(stats.chi2.ppf(float(p), df)))
        QUANTILES[key] = mp.findroot(lambda x: chi2_cdf(x, df) - p, (start * (1 - mp.mpf(10) ** -8), start * (1 + mp.mpf(10) ** -8)), tol=mp.mpf(10) ** -90)
    return QUANTILES[key]


# ---- sums --------------------------------------------------------------------------------------------
class Data:
    def __init__(self, y, v):
        self.y, self.v = [mp.mpf(a) for a in y], [mp.mpf(a) for a in v]
        self.k, self.df = len(y), len(y) - 1
        self.cache = {}

    def w(self, x):
        return [1 / (v + x) for v in self.v]

    def q(self, x):
        w = self.w(x)
        mean = mp.fdot(w, self.y) / mp.fsum(w)
        return mp.fsum(a * (y - mean) ** 2 for a, y in zip(w, self.y))

    def f(self, x):
        w = self.w(x)
        mean = mp.fdot(w, self.y) / mp.fsum(w)
        return mp.fsum((a * (y - mean)) ** 2 for a, y in zip(w, self.y))

    def point(self, x, kind):
        """(2 l without constants, f, g)"""
        key = (x, kind)
        if key not in self.cache:
            w = self.w(x)
            s1, s2 = mp.fsum(w), mp.fsum(a * a for a in w)
            mean = mp.fdot(w, self.y) / s1
            terms = [a * (y - mean) ** 2 for a, y in zip(w, self.y)]
            twice = mp.log(mp.fprod(w)) - mp.fsum(terms) - (mp.log(s1) if kind == "REML" else 0)
            g = s1 - s2 / s1 if kind == "REML" else s1
            self.cache[key] = twice, mp.fdot(w, terms), g
        return self.cache[key]


def bisect(f, lo, hi):
    """Root of a function with different signs at the ends."""
    rising = f(lo) < 0
    for _ in range(40):
        mid = (lo + hi) / 2
        if (f(mid) < 0) == rising:
            lo = mid
        else:
            hi = mid
    return mp.findroot(f, (lo, hi), solver="anderson", tol=mp.mpf(10) ** -80, maxsteps=300, verify=False)


# ---- profile likelihood ------------------------------------------------------------------------------
def twice_max(d, kind):
    """(2 l_max, scanned valley heights are not needed) by scan and polish."""
    mean = mp.fsum(d.y) / d.k
    rss = mp.fsum((y - mean) ** 2 for y in d.y)
    c = min(d.v)
    top = mp.log((rss + c) * 2 / c)
    grid = [c * mp.exp(top * i / 4000) - c for i in range(4001)]
    grid[0] = mp.mpf(0)
    values = [d.point(x, kind)[0] for x in grid]
    d.cache.clear()
    peaks = []
    for i, x in enumerate(grid):
        if (i == 0 or values[i - 1] < values[i]) and (i == 4000 or values[i + 1] <= values[i]):
            lo, hi = grid[max(i - 1, 0)], grid[min(i + 1, 4000)]
            score = lambda x: d.point(x, kind)[1] - d.point(x, kind)[2]
            at = mp.mpf(0) if score(lo) <= 0 else bisect(score, lo, hi)
            peaks.append((d.point(at, kind)[0], at))
    return max(peaks)[0], sorted(peaks, key=lambda p: p[1]), list(zip(grid, values))


def pl_set(d, kind, drop, best):
    big = lambda x: best - d.point(x, kind)[0] - drop
    c = min(d.v)
    mean = mp.fsum(d.y) / d.k
    end = mp.fsum((y - mean) ** 2 for y in d.y) + c
    while big(end) <= 0:
        end *= 2
    crossings = []
    stack = [(mp.mpf(0), end)]
    work = 0
    while stack:
        work += 1
        a, b = stack.pop()
        (_, fa, ga), (_, fb, gb) = d.point(a, kind), d.point(b, kind)
        low, high = gb - fa, ga - fb
        at_a, at_b = big(a), big(b)
        if low >= 0 or high <= 0:
            if (at_a <= 0) != (at_b <= 0):
                crossings.append(bisect(big, a, b))
            continue
        if at_a > 0 and at_b > 0 and max(at_a + low * (b - a), at_b - high * (b - a)) > 0:
            continue
        if at_a <= 0 and at_b <= 0 and min(at_a + high * (b - a), at_b - low * (b - a)) <= 0:
            continue
        mid = mp.sqrt((a + c) * (b + c)) - c
        stack += [(mid, b), (a, mid)]
    ends = sorted(crossings)
    if big(mp.mpf(0)) <= 0:
        ends = [mp.mpf(0)] + ends
    assert len(ends) % 2 == 0 and ends, ends
    d.cache.clear()
    return [[text(ends[i]), text(ends[i + 1])] for i in range(0, len(ends), 2)], work


# ---- Q-profile ----------------------------------------------------------------------------------------
def tau2_at(d, target):
    if d.q(mp.mpf(0)) <= target:
        return mp.mpf(0)
    hi = min(d.v)
    while d.q(hi) > target:
        hi *= 4
    # In log(tau2 + min v), where 1/Q is nearly straight.
    c = min(d.v)
    u = bisect(lambda u: d.q(mp.exp(u) - c) / target - 1, mp.log(c), mp.log(hi + c))
    return mp.exp(u) - c


def q_set(d, below, above):
    """Tails of the set; None for none. Returns (empty, lower, upper)."""
    upper_target = chi2_quantile(above, d.df)
    if d.q(mp.mpf(0)) < upper_target:
        return None
    lower = mp.mpf(0) if below == 0 else tau2_at(d, chi2_quantile(1 - below, d.df))
    return lower, tau2_at(d, upper_target)


def shortest(d, alpha, scale):
    """scale 1: tau2, 1/2: tau"""
    if q_set(d, mp.mpf(0), alpha) is None:
        return None
    y, v = np.array([float(a) for a in d.y]), np.array([float(a) for a in d.v])
    unit = float(min(v))
    v, y = v / unit, (y - y[np.argmin(v)]) / math.sqrt(unit)

    def q(x):
        w = 1 / (v + x)
        mean = (w @ y) / w.sum()
        return float(w @ (y - mean) ** 2)

    def root(target):
        if q(0) <= target:
            return 0.0
        hi = 1.0
        while q(hi) > target:
            hi *= 4
        return math.exp(optimize.brentq(lambda u: math.log(q(math.exp(u) - 1) / target), 0, math.log1p(hi), xtol=1e-14)) - 1

    best = None
    al = float(alpha)
    for i in range(3000):
        x = -36 + 72 * i / 2999
        below, above = al / (1 + math.exp(-x)), al / (1 + math.exp(x))
        l, u = max(root(float(stats.chi2.isf(below, d.df))), 0.0), root(float(stats.chi2.ppf(above, d.df)))
        width = u ** scale - l ** scale
        if best is None or width < best[0]:
            best = width, l, u
    zero_upper = q_set(d, mp.mpf(0), alpha)[1]
    candidates = [(zero_upper ** mp.mpf(scale), mp.mpf(0), zero_upper)]
    if best[1] > 0:
        c = mp.mpf(unit)

        def ln_h(x):
            value = d.q(x)
            ln = (mp.mpf(d.df) / 2 - 1) * mp.log(value) - value / 2 + mp.log(d.f(x))
            return ln + (mp.log(x) / 2 if scale == 0.5 else 0)

        def equations(lu, uu):
            l, u = c * mp.exp(lu), c * mp.exp(uu)
            return [ln_h(l) - ln_h(u), mp.log((chi2_sf(d.q(l), d.df) + chi2_cdf(d.q(u), d.df)) / alpha)]

        found = mp.findroot(equations, (mp.log(best[1]), mp.log(best[2])), tol=mp.mpf(10) ** -60, maxsteps=60, verify=False)
        l, u = c * mp.exp(found[0]), c * mp.exp(found[1])
        residual = max(abs(e) for e in equations(*found))
        assert residual < mp.mpf(10) ** -30, (residual, best)
        # One step of the scan is 2.4 % of the smaller tail.
        assert abs(l / c / best[1] - 1) < 5e-2 and abs(u / c / best[2] - 1) < 5e-2, (l / c, u / c, best)
        candidates.append((u ** mp.mpf(scale) - l ** mp.mpf(scale), l, u))
    return min(candidates)[1:]


# ---- closed forms -------------------------------------------------------------------------------------
def sidik_jonkman(d):
    mean = mp.fsum(d.y) / d.k
    t0 = mp.fsum((y - mean) ** 2 for y in d.y) / d.k
    if t0 == 0:
        return None
    tau2 = t0 * d.q(t0) / d.df
    return d.df * tau2 / chi2_quantile(1 - ALPHA / 2, d.df), d.df * tau2 / chi2_quantile(ALPHA / 2, d.df)


def higgins_thompson(d):
    """Limits of H"""
    q, k, df = d.q(mp.mpf(0)), d.k, d.df
    ln_h = max(mp.log(q / df) / 2, mp.mpf(0)) if q > 0 else mp.mpf(0)
    if q > k:
        se = (mp.log(q) - mp.log(df)) / (mp.sqrt(2 * q) - mp.sqrt(2 * k - 3)) / 2
    elif k > 2:
        se = mp.sqrt((1 - ONE / (3 * mp.mpf(k - 2) ** 2)) / (2 * mp.mpf(k - 2)))
    else:
        return None
    z = mp.sqrt(2) * mp.erfinv(1 - ALPHA)
    return max(ONE, mp.exp(ln_h - z * se)), max(ONE, mp.exp(ln_h + z * se))


def r_b(d, tau2):
    """Value and standard error, with the REML standard error of tau2"""
    w = d.w(tau2)
    s1, s2, s3 = (mp.fsum(a ** n for a in w) for n in (1, 2, 3))
    se = mp.sqrt(2 / (s2 - 2 * s3 / s1 + (s2 / s1) ** 2))
    value = mp.fsum(tau2 * a for a in w) / d.k
    return value, se * mp.fsum(v * a * a for v, a in zip(d.v, w)) / d.k


def joint(d, mean, tau2):
    return -(d.k * mp.log(2 * mp.pi) + mp.fsum(mp.log(v + tau2) + (y - mean) ** 2 / (v + tau2) for y, v in zip(d.y, d.v))) / 2


# ---- bootstrap ----------------------------------------------------------------------------------------
def uniform(seed, position):
    mask = (1 << 64) - 1
    z = (seed + (position + 1) * 0x9E3779B97F4A7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    z ^= z >> 31
    return ((z >> 11) + mp.mpf(1) / 2) / mp.mpf(2) ** 53


def dersimonian_laird(y, v):
    w = [1 / a for a in v]
    s1, s2 = mp.fsum(w), mp.fsum(a * a for a in w)
    mean = mp.fdot(w, y) / s1
    q = mp.fsum(a * (b - mean) ** 2 for a, b in zip(w, y))
    return max(mp.mpf(0), (q - (len(y) - 1)) / (s1 - s2 / s1))


def bootstrap(d, kind, replicates, seed, below, above):
    with mp.workdps(30):
        tau2, estimates = dersimonian_laird(d.y, d.v), []
        for r in range(replicates):
            u = [uniform(seed, r * d.k + i) for i in range(d.k)]
            if kind == "parametric":
                y, v = [mp.sqrt(2) * mp.erfinv(2 * u - 1) * mp.sqrt(v + tau2) for u, v in zip(u, d.v)], d.v
            else:
                picks = [int(u * d.k) for u in u]
                y, v = [d.y[i] for i in picks], [d.v[i] for i in picks]
            estimates.append(dersimonian_laird(y, v))
        estimates.sort()

        def at(ordered, position):
            i = int(position)
            return ordered[i - 1] + (position - i) * (ordered[min(i, len(ordered) - 1)] - ordered[i - 1])

        return at(estimates, below * (replicates + 1)), at(estimates[::-1], above * (replicates + 1))


def pair(x):
    return None if x is None else [text(a) for a in x]


def main():
    pool = json.load(open("mpmath_pool.json"))["cases"]
    hard = json.load(open("hard_cases.json"))["cases"]
    rows, splits, worst = [], [], 0
    drop95 = chi2_quantile(1 - ALPHA, 1)
    for case in hard:
        for kind in ("REML", "ML"):
            if len(case[kind]["local_maxima"]) < 2 or len(case["yi"]) > 20 or min(case["vi"]) <= 0:
                continue
            d = Data(case["yi"], case["vi"])
            best, peaks, scan = twice_max(d, kind)
            # The set splits at every drop between the lower peak's and the valley's.
            heights = sorted((p[0] for p in peaks), reverse=True)
            if len(heights) < 2:
                continue
            a, b = sorted(p[1] for p in sorted(peaks, reverse=True)[:2])
            valley = min(value for x, value in scan if a <= x <= b)
            second, deep = best - heights[1], best - valley
            for drop in (float(drop95), float((second + deep) / 2), float(second + (deep - second) / 50), float(deep + (deep - second) / 50)):
                pieces, work = pl_set(d, kind, mp.mpf(drop), best)
                worst = max(worst, work)
                splits.append({"id": case["id"], "likelihood": kind, "yi": case["yi"], "vi": case["vi"], "drop": drop, "pieces": pieces})
    print(len(splits), "multimodal sets,", sum(len(s["pieces"]) > 1 for s in splits), "split; most intervals", worst)
    boots = []
    for name in ("bcg_RR", "k3_heterogeneous", "collins1985b_OR"):
        case = next(c for c in pool if c["name"] == name)
        d = Data(case["yi"], case["vi"])
        for kind in ("parametric", "nonparametric"):
            limits = bootstrap(d, kind, 99, 20051, mp.mpf("0.025"), mp.mpf("0.05"))
            boots.append({"name": name, "yi": case["yi"], "vi": case["vi"], "kind": kind, "replicates": 99, "seed": 20051, "below": 0.025, "above": 0.05, "interval": pair(limits)})
    for case in pool:
        d = Data(case["yi"], case["vi"])
        row = {"name": case["name"], "yi": case["yi"], "vi": case["vi"]}
        for kind in ("REML", "ML"):
            best, _, _ = twice_max(d, kind)
            for level in ("0.95", "0.5"):
                drop = chi2_quantile(mp.mpf(level), 1)
                row[f"PL_{kind}_{level}"], work = pl_set(d, kind, drop, best)
                worst = max(worst, work)
        row["QP_tails_0.01_0.04"] = pair(q_set(d, ALPHA / 5, 4 * ALPHA / 5))
        row["QP_lower_0.95"] = text(tau2_at(d, chi2_quantile(1 - ALPHA, d.df)))
        upper = q_set(d, mp.mpf(0), ALPHA)
        row["QP_upper_0.95"] = text(upper[1]) if upper else None
        row["QP_shortest_tau2"] = pair(shortest(d, ALPHA, 1))
        row["QP_shortest_tau"] = pair(shortest(d, ALPHA, 0.5))
        row["SJ"] = pair(sidik_jonkman(d))
        row["H_test_based"] = pair(higgins_thompson(d))
        reml = next(fit for fit in case["fits"] if fit["method"] == "REML")
        row["R_b"] = pair(r_b(d, mp.mpf(reml["tau2"])))
        mean, tau2 = d.y[0] + mp.mpf(0.5) * (d.y[1] - d.y[0]), mp.mpf(float(d.v[0])) * mp.mpf(0.75)
        # Written as doubles, so that both sides evaluate the same point.
        mean, tau2 = float(mean), float(tau2)
        row["joint"] = [repr(mean), repr(tau2), text(joint(d, mp.mpf(mean), mp.mpf(tau2)))]
        rows.append(row)
        print(case["name"], row["PL_REML_0.95"], row["QP_shortest_tau2"], flush=True)
    source = {"tool": "mpmath", "version": mp.__version__, "precision": "50 digits, 25 written", "script": "tau2_intervals.py", "level": "0.95 unless the key says another"}
    with open("tau2_intervals.json", "w") as out:
        groups = {"cases": rows, "multimodal": splits, "bootstrap": boots}
        out.write('{"source":' + json.dumps(source))
        for name, group in groups.items():
            out.write(f',\n"{name}":[\n' + ",\n".join(json.dumps(row, separators=(",", ":")) for row in group) + "\n]")
        out.write("}\n")


if __name__ == "__main__":
    main()
