"""Prediction intervals from their definitions. Run here: python3 prediction.py (mpmath, numpy, scipy)

"pivot": REML fits of mpmath_pool.json (tau2 to thirty digits from there), all limits mu -+ t sqrt(tau2 + se^2) with mpmath.
"equal": Nagashima-Noma-Furukawa with equal variances, where Q/(1 + tau2/v) is chi-squared and mean and Hartung-Knapp standard error
do not depend on tau2, so that one Gauss-Legendre rule in s = sqrt(chi2/q) and one trapezoidal rule in Z do: about 1e-12.
"series": the same with unequal variances by Ruben's series for the distribution of Q and a grid of 3000 values of tau2: about 1e-6.
"drawn": the authors' algorithm as they give it, with 1 000 000 draws: about 2 to 3 digits.
"""
import json
import mpmath as mp
import numpy as np
import scipy
from scipy import optimize, special

mp.mp.dps = 40


def text(x):
    return mp.nstr(x, 30, strip_zeros=True, min_fixed=-4, max_fixed=15)


def t_quantile(p, df):
    """Upper p quantile of t; df may be any positive number."""
    upper = lambda t: mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + t * t), regularized=True) / 2
    lo, hi = mp.mpf(0), mp.mpf(2)
    while upper(hi) > p:
        hi *= 2
    for _ in range(20):
        mid = (lo + hi) / 2
        lo, hi = (mid, hi) if upper(mid) > p else (lo, mid)
    return mp.findroot(lambda t: mp.log(upper(t)) - mp.log(p), (lo, hi), solver="anderson", tol=mp.mpf(10) ** -60, verify=False)


def pivots(y, v, tau2):
    k = len(y)
    w = [1 / (a + tau2) for a in v]
    s1, s2, s3 = (mp.fsum(a ** j for a in w) for j in (1, 2, 3))
    mu = mp.fsum(a * b for a, b in zip(w, y)) / s1
    wald = mp.sqrt(1 / s1)
    hk = mp.sqrt(mp.fsum(a * (b - mu) ** 2 for a, b in zip(w, y)) / (k - 1) / s1)
    info = s2 / 2 - s3 / s1 + (s2 / s1) ** 2 / 2
    kr2 = (1 + 2 * (s3 / s1 - (s2 / s1) ** 2) / info) / s1
    kr, df = mp.sqrt(kr2), 2 * info / (kr2 * s2) ** 2
    z, tail = mp.sqrt(2) * mp.erfinv(mp.mpf("0.95")), mp.mpf("0.025")
    t = lambda d: t_quantile(tail, mp.mpf(d)) if d > mp.mpf(10) ** -9 else None
    crit = {
        "Normal": (z, wald), "TauOnly": (z, mp.mpf(0)), "Veroniki": (t(k - 1), wald), "HartungKnapp": (t(k - 1), hk),
        "HigginsThompsonSpiegelhalter": (t(k - 2), wald), "PartlettRiley": (t(k - 2), hk),
        "KenwardRoger": (t(df), kr), "KenwardRogerPartlettRiley": (t(df - 1), kr),
    }
    out = {}
    for name, (c, se) in crit.items():
        if c is None:
            out[name] = None
            continue
        half = c * mp.sqrt(tau2 + se ** 2)
        out[name] = [text(mu - half), text(mu + half)]
    half = t(k - 1) * mp.sqrt(tau2 + hk ** 2 + mp.mpf(v[0]))
    out["observed"] = [text(mu - half), text(mu + half)]
    return out


def mixture_quantile(p, tail, start, step):
    f = lambda x: np.log(p(x)) - np.log(tail)
    lo, hi = start - step, start + step
    while f(lo) > 0:
        lo -= step
    while f(hi) < 0:
        hi += step
    return optimize.brentq(f, lo, hi, xtol=1e-15, rtol=1e-15)


Z = np.arange(-9, 9.0001, 0.05)
PHI = np.exp(-Z * Z / 2)
PHI /= PHI.sum()


def convolved(d, tau, se, df):
    """P(tau Z + se T <= d) for arrays d, tau, se."""
    return (PHI * special.stdtr(df, (d[:, None] - tau[:, None] * Z) / se[:, None])).sum(1)


def equal(y, v, level):
    y = np.array(y)
    k, m = len(y), np.mean(y)
    q = ((y - m) ** 2).sum() / v
    se = np.sqrt(((y - m) ** 2).sum() / (k - 1) / k)
    nodes, weights = np.polynomial.legendre.leggauss(300)
    s, ds = 0.5 * (nodes + 1), 0.5 * weights
    a = (k - 1) / 2
    c = q * s * s
    dens = np.exp((a - 1) * np.log(c / 2) - c / 2 - special.gammaln(a)) / 2 * 2 * q * s * ds
    tau = np.sqrt(v) * np.sqrt(1 / s ** 2 - 1)
    at_zero = special.gammaincc(a, q / 2)

    def p(d):
        # Where tau is far above se the rule in Z is too coarse; there the normal variable is averaged over T instead.
        wide = tau > 3 * se
        g = np.empty_like(tau)
        g[~wide] = convolved(np.full((~wide).sum(), d), tau[~wide], np.full((~wide).sum(), se), k - 1)
        u = np.arange(-42 / max(1, (k - 1) ** 0.5), 42 / max(1, (k - 1) ** 0.5), 0.05)
        t = np.sqrt(k - 1) * np.sinh(u)
        f = np.cosh(u) ** -(k - 1.0)
        f /= f.sum()
        g[wide] = (f * special.ndtr((d - se * t) / tau[wide][:, None])).sum(1)
        return (dens * g).sum() + at_zero * special.stdtr(k - 1, d / se)

    half = mixture_quantile(p, (1 - level) / 2, 0.0, 3 * se)
    return m + half, m - half


def survival(q, lam):
    """P(sum lam_j chi2_1 > q) by Ruben's series of central chi-squared variables, all terms positive (Ruben H 1962, Ann Math Stat
    33:542-570, doi 10.1214/aoms/1177704580)."""
    beta = lam.min()
    rest = 1 - beta / lam
    a, g, powers = [np.sqrt(np.prod(beta / lam))], [], np.ones_like(rest)
    while 1 - sum(a) > 1e-14 and len(a) < 20000:
        powers = powers * rest
        g.append(powers.sum())
        k = len(a)
        a.append(np.dot(g[::-1], a) / (2 * k))
    j = np.arange(len(a))
    return float(np.dot(a, special.gammaincc(len(lam) / 2 + j, q / beta / 2)) + max(0.0, 1 - sum(a)))


class Confidence:
    """H(tau2) on a grid."""

    def __init__(self, y, v, cells):
        self.y, self.v = np.array(y), np.array(v)
        w = 1 / self.v
        a = np.diag(w) - np.outer(w, w) / w.sum()
        self.q = self.y @ a @ self.y
        # Chebyshev interpolation of H between tau2 = 0 and where it is 1.
        top = np.log1p(1e7 * ((self.y.max() - self.y.min()) ** 2 + self.v.max()) / self.v.min())
        self.h = np.polynomial.chebyshev.Chebyshev.interpolate(
            lambda t: np.array([self.exact(a, self.v.min() * np.expm1(x)) for x in np.atleast_1d(t)]), 90, [0, top])
        self.t = np.linspace(0, top, cells + 1)
        self.values = np.clip(self.h(self.t), 0, 1)
        self.at_zero = self.exact(a, 0.0)

    def exact(self, a, tau2):
        root = np.diag(np.sqrt(self.v + tau2))
        lam = np.linalg.eigvalsh(root @ a @ root)[1:]
        return survival(self.q, lam)

    def moments(self, tau2):
        w = 1 / (self.v + tau2[:, None])
        mu = (w * self.y).sum(1) / w.sum(1)
        se = np.sqrt((w * (self.y - mu[:, None]) ** 2).sum(1) / (len(self.v) - 1) / w.sum(1))
        return mu, se

    def interval(self, level):
        mid = self.v.min() * np.expm1(0.5 * (self.t[1:] + self.t[:-1]))
        share = np.maximum(np.diff(self.values), 0)
        tau2 = np.concatenate([[0.0], mid])
        weight = np.concatenate([[self.at_zero], share])
        weight /= weight.sum()
        mu, se = self.moments(tau2)
        df = len(self.v) - 1
        below = lambda x: (weight * convolved(x - mu, np.sqrt(tau2), se, df)).sum()
        above = lambda x: (weight * convolved(mu - x, np.sqrt(tau2), se, df)).sum()
        tail, step = (1 - level) / 2, np.sqrt(self.v.max()) + np.ptp(self.y)
        high = -mixture_quantile(lambda x: above(-x), tail, -mu[0], step)
        return mixture_quantile(below, tail, mu[0], step), high

    def drawn(self, level, draws, seed):
        rng = np.random.default_rng(seed)
        u = rng.random(draws)
        t = np.interp(u, np.maximum.accumulate(self.values), self.t)
        tau2 = np.where(u <= self.at_zero, 0.0, self.v.min() * np.expm1(t))
        mu, se = self.moments(tau2)
        theta = mu + rng.standard_normal(draws) * np.sqrt(tau2) - rng.standard_t(len(self.v) - 1, draws) * se
        return np.quantile(theta, [(1 - level) / 2, (1 + level) / 2])


def main():
    pool = json.load(open("mpmath_pool.json"))["cases"]
    pivot = []
    for data in pool:
        fit = next(f for f in data["fits"] if f["method"] == "REML")
        limits = pivots([mp.mpf(a) for a in data["yi"]], [mp.mpf(a) for a in data["vi"]], mp.mpf(fit["tau2"]))
        pivot.append({"name": data["name"], **limits})
    print("pivot", flush=True)
    closed = []
    for y, v in [([0.1, 1.4], 0.05), ([0.2, 0.5, 0.9], 0.04), ([0.31, 0.28, 0.35, 0.30], 0.02), ([-0.3, 0.6, 1.1, 0.2, 0.9, 0.4], 0.1)]:
        for level in [0.95, 0.8]:
            low, high = equal(y, v, level)
            closed.append({"yi": y, "vi": [v] * len(y), "level": level, "lower": low, "upper": high})
    print("equal", flush=True)
    general, drawn = [], []
    for name in ["bcg_RR", "hine1989_RD", "viechtbauer2005_GEN", "normand1999_SMD"]:
        data = next(d for d in pool if d["name"] == name)
        c = Confidence(data["yi"], data["vi"], 3000)
        for level in [0.95, 0.8]:
            low, high = c.interval(level)
            general.append({"name": name, "level": level, "at_zero": c.at_zero, "lower": low, "upper": high})
            low, high = c.drawn(level, 1_000_000, 7)
            drawn.append({"name": name, "level": level, "lower": low, "upper": high})
            print(name, general[-1], drawn[-1], flush=True)
    with open("prediction.json", "w") as out:
        rows = lambda key, items: '"%s": [\n%s\n]' % (key, ",\n".join(json.dumps(i) for i in items))
        source = {"tool": "mpmath, numpy, scipy", "version": f"{mp.__version__}, {np.__version__}, {scipy.__version__}", "script": "prediction.py",
                  "data": "mpmath_pool.json"}
        out.write('{"source": %s,\n%s}\n' % (json.dumps(source), ",\n".join([rows("pivot", pivot), rows("equal", closed), rows("series", general), rows("drawn", drawn)])))


main()
