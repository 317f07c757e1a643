"""Thirty-digit truth for random-effects pooling, with mpmath. Run here: python3 mpmath_pool.py

Own derivation from the papers, no package involved. Inputs are exact doubles (repr), results decimal strings.
REML and ML: every stationary point is isolated with interval bounds. With w = 1/(v + x) the score is (f - g)/2,
f = y'P'Py, g = tr P (REML) or sum w (ML); f, g, -f', -g' are sums of positive decreasing terms in x, so their
values at the ends of an interval bound them inside it. A dense scan for sign changes is run as a second opinion.
"""
import json
import mpmath as mp

mp.mp.dps = 60
DIGITS = 30
ZERO, ONE, TWO = mp.mpf(0), mp.mpf(1), mp.mpf(2)


def text(x):
    return None if x is None else mp.nstr(x, DIGITS, strip_zeros=True, min_fixed=-4, max_fixed=15)


# ---- distributions ------------------------------------------------------------------------------
def bisect_root(f, lo, hi, increasing=True):
    """Root of a monotone function on a bracket: bisection, then secant polish."""
    for _ in range(60):
        mid = (lo + hi) / 2
        if (f(mid) < 0) == increasing:
            lo = mid
        else:
            hi = mid
    return mp.findroot(f, (lo, hi), solver="anderson", tol=mp.mpf(10) ** -80, maxsteps=200, verify=False)


def chi2_cdf(x, df):
    return mp.gammainc(mp.mpf(df) / 2, 0, x / 2, regularized=True)


def chi2_sf(x, df):
    return mp.gammainc(mp.mpf(df) / 2, x / 2, mp.inf, regularized=True)


def t_upper(t, df):  # P(T > t), t >= 0
    return mp.betainc(mp.mpf(df) / 2, mp.mpf(1) / 2, 0, df / (df + t * t), regularized=True) / 2


CACHE = {}


def chi2_quantile(p, df):
    key = ("chi2", mp.nstr(p, 20), df)
    if key not in CACHE:
        hi = mp.mpf(df)
        while chi2_cdf(hi, df) < p:
            hi *= 2
        lo = mp.mpf(df)
        while chi2_cdf(lo, df) > p:
            lo /= 2
        CACHE[key] = bisect_root(lambda x: chi2_cdf(x, df) - p, lo, hi)
    return CACHE[key]


def t_quantile_975(df):
    if ("t", df) not in CACHE:
        lo, hi = ONE, mp.mpf(13)
        CACHE["t", df] = bisect_root(lambda t: t_upper(t, df) - mp.mpf(25) / 1000, lo, hi, increasing=False)
    return CACHE["t", df]


Z975 = mp.sqrt(2) * mp.erfinv(mp.mpf(95) / 100)

# ---- sums at a given tau2 ------------------------------------------------------------------------


class Data:
    def __init__(self, y, v):
        self.k = len(y)
        self.y = [mp.mpf(a) for a in y]
        self.v = [mp.mpf(a) for a in v]
        self.vmin = min(self.v)
        mean = sum(self.y) / self.k
        self.rss = sum((a - mean) ** 2 for a in self.y)

    def weights(self, x):
        w = [ONE / (a + x) for a in self.v]
        s = sum(w)
        mu = sum(a * b for a, b in zip(w, self.y)) / s
        return w, s, mu

    def q(self, x):
        w, _, mu = self.weights(x)
        return sum(a * (b - mu) ** 2 for a, b in zip(w, self.y))

    def score_parts(self, x, reml):
        """f, g, -f', -g' with 2 * score = f - g."""
        w, s, mu = self.weights(x)
        r = [a * (b - mu) for a, b in zip(w, self.y)]
        wr = sum(a * b for a, b in zip(w, r))
        w2 = sum(a * a for a in w)
        f = sum(a * a for a in r)
        df = 2 * (sum(a * b * b for a, b in zip(w, r)) - wr * wr / s)
        if not reml:
            return f, s, df, w2
        w3 = sum(a ** 3 for a in w)
        return f, s - w2 / s, df, w2 - 2 * w3 / s + (w2 / s) ** 2

    def loglik(self, x, reml):
        w, s, _ = self.weights(x)
        ll = sum(mp.log(a) for a in w) / 2 - self.q(x) / 2
        if not reml:
            return ll - mp.mpf(self.k) / 2 * mp.log(2 * mp.pi)
        return ll - mp.mpf(self.k - 1) / 2 * mp.log(2 * mp.pi) + mp.log(mp.mpf(self.k)) / 2 - mp.log(s) / 2


def stationary_points(d, reml):
    """All interior roots of the score, by interval exclusion (complete), checked against a scan."""
    if d.rss == 0:
        return []
    parts = lambda x: d.score_parts(x, reml)
    top = d.rss * 2 + d.vmin
    roots, stack = [], [(ZERO, parts(ZERO), top, parts(top), 0)]
    while stack:
        a, pa, b, pb, depth = stack.pop()
        if pb[0] > pa[1] or pb[1] > pa[0]:
            continue
        monotone = pb[2] > pa[3] or pb[3] > pa[2]
        sa, sb = pa[0] - pa[1], pb[0] - pb[1]
        if monotone:
            if sa * sb < 0:
                roots.append(refine(lambda x: (lambda p: p[0] - p[1])(parts(x)), a, b, sa < 0, d.vmin))
            continue
        if depth > 400:
            raise RuntimeError("unresolved interval")
        m = mp.sqrt((a + d.vmin) * (b + d.vmin)) - d.vmin
        pm = parts(m)
        stack += [(a, pa, m, pm, depth + 1), (m, pm, b, pb, depth + 1)]
    roots.sort()
    n, lo = 1500, mp.log(d.vmin * mp.mpf(10) ** -10)
    step = (mp.log(top) - lo) / n
    signs = [parts(ZERO)] + [parts(mp.exp(lo + i * step)) for i in range(n + 1)]
    signs = [mp.sign(p[0] - p[1]) for p in signs]
    changes = sum(1 for p, q in zip(signs, signs[1:]) if p * q < 0)
    if changes != len(roots):
        raise RuntimeError(f"scan finds {changes} sign changes, interval search {len(roots)} roots")
    return roots


def refine(f, a, b, rising, shift):
    for _ in range(70):
        m = mp.sqrt((a + shift) * (b + shift)) - shift
        if (f(m) < 0) == rising:
            a = m
        else:
            b = m
    return mp.findroot(f, (a, b), solver="anderson", tol=mp.mpf(10) ** -90, maxsteps=200, verify=False)


def likelihood_fit(d, reml):
    roots = stationary_points(d, reml)
    f0, g0 = d.score_parts(ZERO, reml)[:2]
    points = []
    if f0 <= g0:
        points.append((ZERO, "maximum"))
    for r in roots:
        p = d.score_parts(r, reml)
        points.append((r, "maximum" if p[2] > p[3] else "minimum"))
    maxima = [(d.loglik(x, reml), x) for x, kind in points if kind == "maximum"]
    best = max(maxima)[1]
    return best, [{"tau2": text(x), "loglik": text(d.loglik(x, reml)), "kind": kind} for x, kind in points]


def solve_q(d, target):
    """x >= 0 with Q(x) = target; 0 when Q(0) <= target."""
    if d.q(ZERO) <= target:
        return ZERO
    hi = d.vmin
    while d.q(hi) > target:
        hi *= 4
    return refine(lambda x: d.q(x) - target, ZERO, hi, False, d.vmin)


def q_profile(d, level):
    alpha = (ONE - level) / 2
    high, low = chi2_quantile(ONE - alpha, d.k - 1), chi2_quantile(alpha, d.k - 1)
    if d.q(ZERO) < low:
        return {"level": text(level), "empty": True, "lower": None, "upper": None}
    return {"level": text(level), "empty": False, "lower": text(solve_q(d, high)), "upper": text(solve_q(d, low))}


def block(d, method, tau2, typical):
    w, s, mu = d.weights(tau2)
    df = d.k - 1
    scale = d.q(tau2) / df
    se = mp.sqrt(ONE / s)
    se_hk = mp.sqrt(scale / s)
    t = t_quantile_975(df)
    pm = lambda h: [text(mu - h), text(mu + h)]
    p_t = lambda stat: text(2 * t_upper(abs(stat), df))
    ee = method == "EE"
    out = {
        "method": method, "tau2": text(tau2), "mu": text(mu), "se": text(se), "hk_factor": text(scale), "se_hk": text(se_hk),
        "I2": None if ee else text(100 * tau2 / (tau2 + typical)), "H2": None if ee else text((tau2 + typical) / typical),
        "ll_ml": text(d.loglik(tau2, False)), "ll_reml": text(d.loglik(tau2, True)),
        "ci_z": pm(Z975 * se), "ci_t": pm(t * se), "ci_hk": pm(t * se_hk), "ci_hk_truncated": pm(t * mp.sqrt(max(ONE, scale) / s)),
        "p_z": text(mp.erfc(abs(mu) / se / mp.sqrt(2))), "p_t": p_t(mu / se),
        "p_hk": None if se_hk == 0 else p_t(mu / se_hk),
    }
    if ee:
        return out | {"pi_z_wald": None, "pi_t_wald": None, "pi_t_hk": None}
    return out | {"pi_z_wald": pm(Z975 * mp.sqrt(tau2 + se ** 2)), "pi_t_wald": pm(t * mp.sqrt(tau2 + se ** 2)),
                  "pi_t_hk": pm(t * mp.sqrt(tau2 + se_hk ** 2))}


def analyse(name, yi, vi, why):
    d = Data(yi, vi)
    k = d.k
    w, s, _ = d.weights(ZERO)
    s2 = sum(a * a for a in w)
    q = d.q(ZERO)
    typical = (k - 1) / (s - s2 / s)
    start = d.rss / k
    tau2 = {
        "EE": ZERO,
        "DL": max(ZERO, (q - (k - 1)) / (s - s2 / s)),
        "HE": max(ZERO, d.rss / (k - 1) - sum(d.v) / k),
        "HS": max(ZERO, (q - k) / s),
        "SJ": ZERO if start == 0 else start * d.q(start) / (k - 1),
        "PM": solve_q(d, mp.mpf(k - 1)),
    }
    tau2["REML"], reml_points = likelihood_fit(d, True)
    tau2["ML"], ml_points = likelihood_fit(d, False)
    assert tau2["ML"] <= tau2["REML"]
    return {
        "name": name, "why": why, "k": k, "yi": yi, "vi": vi, "Q": text(q), "Q_p": text(chi2_sf(q, k - 1)),
        "I2_Q": text(100 * max(ZERO, ONE - (k - 1) / q)) if q > 0 else "0.0", "H2_Q": text(q / (k - 1)), "typical_variance": text(typical),
        "fits": [block(d, m, tau2[m], typical) for m in ("EE", "DL", "HE", "HS", "SJ", "ML", "REML", "PM")],
        "reml_points": reml_points, "ml_points": ml_points,
        "qprofile": [q_profile(d, mp.mpf(95) / 100), q_profile(d, mp.mpf(90) / 100)],
    }


# ---- awkward data sets -----------------------------------------------------------------------------
class Lcg:
    """Knuth's MMIX generator: the same numbers on every platform."""

    def __init__(self, seed):
        self.s = seed

    def uniform(self):
        self.s = (self.s * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        return (self.s >> 11) / 2.0 ** 53

    def bell(self):
        return sum(self.uniform() for _ in range(12)) - 6.0


def awkward():
    def draw(seed, k, tau, lo, hi):
        g = Lcg(seed)
        v = [lo * (hi / lo) ** g.uniform() for _ in range(k)]
        return [g.bell() * (tau ** 2 + a) ** 0.5 for a in v], v

    bcg_y = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209, 0.012, -0.4694, -1.3713, -0.3394, 0.4459, -0.0173]
    bcg_v = [0.3256, 0.1946, 0.4154, 0.02, 0.0512, 0.0069, 0.223, 0.004, 0.0564, 0.073, 0.0124, 0.5325, 0.0714]
    yield "tiny_scale", [a * 1e-6 for a in bcg_y], [a * 1e-12 for a in bcg_v], "unit 1e-6: absolute tolerances stop early"
    yield "huge_scale", [a * 1e6 for a in bcg_y], [a * 1e12 for a in bcg_v], "unit 1e6"
    yield "extreme_scale", [a * 1e-100 for a in bcg_y], [a * 1e-200 for a in bcg_v], "unit 1e-100"
    yield "huge_offset", [a + 1e8 for a in bcg_y], bcg_v, "mean 1e8 times the spread"
    yield "k2_heterogeneous", [0.1, 2.3], [0.04, 0.09], "two studies"
    yield "k2_homogeneous", [0.4, 0.5], [0.04, 0.09], "two studies, tau2 = 0"
    yield "k2_unequal", [0.0, 3.0], [1e-4, 4.0], "two studies, variance ratio 4e4"
    yield "k3_heterogeneous", [-0.5, 0.2, 1.4], [0.02, 0.05, 0.01], "three studies"
    yield "k3_boundary", [0.30, 0.35, 0.10], [0.05, 0.02, 0.04], "three studies, tau2 = 0"
    yield "equal_variances", [0.1, 0.9, -0.4, 0.55, 0.3, 1.2], [0.05] * 6, "DL = HE = PM = REML in closed form"
    yield "equal_variances_boundary", [0.1, 0.2, 0.15, 0.05], [0.05] * 4, "equal variances, tau2 = 0"
    yield "identical_effects", [0.25] * 5, [0.01, 0.02, 0.03, 0.04, 0.05], "Q = 0; empty Q-profile set"
    yield "nearly_identical_effects", [0.25, 0.25, 0.25, 0.250001], [0.01, 0.02, 0.03, 0.04], "Q near 0"
    yield "q_just_above_df", [0.0, 1.0, 2.0], [0.99, 1.0, 1.0], "tau2 positive but small against v"
    yield "q_equals_df", [0.0, 1.0, 2.0], [1.0, 1.0, 1.0], "Q = k - 1 exactly: boundary"
    yield "imprecise_outlier", [0.0, 0.01, -0.01, 0.02, 40.0], [1e-4, 2e-4, 1e-4, 3e-4, 100.0], "imprecise outlier"
    yield "two_modes", [0.0, 0.003, -0.002, 5.0, -6.0, 0.001], [1e-6, 2e-6, 1e-6, 0.5, 0.5, 3e-6], "spread of variances that invites several modes"
    yield "variance_ratio_1e12", [0.1, 0.5, -0.3, 0.2], [1e-6, 1e6, 1.0, 1e-3], "variances over twelve decades"
    yield "tau2_dominates", [-500.0, 30.0, 820.0, -90.0, 411.0], [0.01, 0.02, 0.03, 0.01, 0.05], "tau2 about 1e7 times v"
    yield ("k100",) + tuple(draw(7, 100, 0.4, 0.01, 1.0)) + ("a hundred studies",)
    yield ("k40_homogeneous",) + tuple(draw(11, 40, 0.0, 0.001, 10.0)) + ("forty homogeneous studies, four decades of variance",)
    yield ("k12_mixed",) + tuple(draw(23, 12, 1.0, 0.0001, 100.0)) + ("six decades of variance",)
    yield ("k8_small_tau",) + tuple(draw(5, 8, 0.05, 0.01, 0.1)) + ("weak heterogeneity",)


def main():
    with open("metafor_pool.json") as f:
        pool = json.load(f)["cases"]
    chosen = [c for c in pool if c["name"].startswith("ivig_") or c["name"] in (
        "bcg_OR", "bcg_RR", "bcg_RD", "clasp_OR", "viechtbauer2005_GEN", "lipsey2001_GEN", "normand1999_MD", "normand1999_SMD",
        "hackshaw1998_OR", "raudenbush1985_SMD", "collins1985b_OR", "molloy2014_ZCOR", "lau1992_OR", "yusuf1985_table6_OR", "hine1989_RD", "nielweise2007_RD", "pritz1997_PLO", "pritz1997_PFT")]
    rows = [analyse(c["name"], [float(a) for a in c["yi"]], [float(a) for a in c["vi"]], "as in metafor_pool.json") for c in chosen]
    rows += [analyse(*a) for a in awkward()]
    source = {"tool": "mpmath", "version": mp.__version__, "precision": f"{mp.mp.dps} digits, {DIGITS} written", "script": "mpmath_pool.py",
              "inputs": "exact doubles", "percent": "I2 and I2_Q are percentages", "intervals": "ci_*, pi_* at level 0.95"}
    with open("mpmath_pool.json", "w") as f:
        f.write('{"source":' + json.dumps(source) + ',\n"cases":[\n' + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]}\n")
    for r in rows:
        maxima = [sum(p["kind"] == "maximum" for p in r[key]) for key in ("reml_points", "ml_points")]
        print(r["name"], r["k"], {f["method"]: f["tau2"][:9] for f in r["fits"]}, "modes", maxima)


if __name__ == "__main__":
    main()
