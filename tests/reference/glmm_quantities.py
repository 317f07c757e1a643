"""References for what is derived from the fits of counts: mean response, predictions, t intervals, other levels, two maxima.

Estimates come from glmm_one_group.json, glmm_two_groups.json and glmm_unconditional.json (30 digits, rounded to doubles); everything
else is computed here from the likelihoods of glmm_one_group.py and glmm_two_groups.py:

    mean response   E[p(mu + tau Z)] by mpmath's quadrature; its interval holds the means of all (mu, t) with ln L >= max - z^2/2. The region is
                    scanned over t in doubles, mu on its edge at each t; the extreme is improved by Newton's method (30 digits) on
                    "ln L = max - z^2/2, gradients of ln L and of the mean parallel", or lies at t = 0
    limits          as in glmm_one_group.py with another fall of ln L: z^2/2 at another level, t(k - 1)^2/2. Those of mean and limits are improved with
                    30 digits on five sets, on the others in doubles, which agree with them to 1e-11
    two maxima      profile over t on a grid of 8 points per decade, each maximum improved to 30 digits; sets of ln L >= max - z^2/2 may have gaps:
                    their ends

    python glmm_quantities.py derived | limits | peaks          writes glmm_quantities_<part>.json beside this file; numpy, scipy, mpmath
"""

import json
import multiprocessing
import os
import sys

import numpy as np
from mpmath import mp, mpf

import glmm_one_group as base
import glmm_two_groups as pairs

mp.dps = 30
HERE = os.path.dirname(os.path.abspath(__file__))


def load(name):
    with open(os.path.join(HERE, name)) as file:
        return json.load(file)["cases"]


def normal_quantile(level):
    """Two-sided."""
    return mp.sqrt(2) * mp.erfinv(mpf(level))


def t_quantile(level, df):
    """Two-sided: the tail is an incomplete beta function."""
    outside = 1 - mpf(level)
    tail = lambda x: mp.betainc(mpf(df) / 2, mpf(1) / 2, 0, df / (df + x * x), regularized=True) - outside
    low, high = mpf(0), mpf(1)
    while tail(high) > 0:
        high *= 2
    for _ in range(110):
        mid = (low + high) / 2
        low, high = (mid, high) if tail(mid) > 0 else (low, mid)
    return (low + high) / 2


def mean_response(kind, mu, t):
    """E[p(mu + tau Z)] on the normal's own axis, cut where p bends too: not the route of moments()."""
    if kind == "poisson":
        return mp.exp(mu + t / 2)
    if t <= 0:
        return base.inverse(kind, mu)
    tau = mp.sqrt(t)
    cuts = {mpf(c) for c in (-15, -11, -8, -5, -3, -2, -1, 0, 1, 2, 3, 5, 8, 11, 15)}
    cuts |= {c for c in ((mpf(place) - mu) / tau for place in (-30, -12, -6, -3, -1.5, -0.5, 0.5, 1.5, 3, 6, 12, 30)) if abs(c) < 15}
    return mp.quad(lambda z: base.inverse(kind, mu + tau * z) * mp.npdf(z), sorted(cuts))


# ---------------------------------------------------------------- derived: closed forms of the pinned estimates, counts with the uncertainty of mu
def derived():
    out = {"one": [], "two": [], "unconditional": []}
    for case in load("glmm_one_group.json"):
        kind, k, name = case["kind"], len(case["x"]), case["name"]
        mu, t, se = (mpf(case[key]) for key in ("mu", "tau2", "se"))
        row = {"name": name, "mean": float(mean_response(kind, mu, t))}
        row.update(closed_forms(mu, t, se, k))
        for entry in row["prediction"]:
            entry[1:] = [float(base.inverse(kind, mpf(v))) for v in entry[1:]]
        size, most = (5, 8) if kind == "poisson" else (10, 11)
        spread = t + se * se
        row["counts"] = [float(mp.exp(base.moments(base.Study(kind, y, size), mu, spread)[0])) for y in range(most)]
        if kind != "poisson":
            assert abs(sum(row["counts"]) - 1) < 1e-13, name
        out["one"].append(row)
        print(name, row["mean"], row["prediction"][0], flush=True)
    for part, file in (("two", "glmm_two_groups.json"), ("unconditional", "glmm_unconditional.json")):
        for case in load(file):
            rows, kind = case["rows"], case["kind"]
            rates = kind in ("rates", "poisson")
            keep = [r for r in rows if r[0] + r[2] > 0 and (rates or r[0] + r[2] < r[1] + r[3])]
            mu, t, se = (mpf(case[key]) for key in ("mu", "tau2", "se"))
            row = {"name": case["name"], "kind": kind, **closed_forms(mu, t, se, len(keep))}
            for entry in row["prediction"]:
                entry[1:] = [float(mp.exp(v)) for v in entry[1:]]
            out[part].append(row)
    return out


def closed_forms(mu, t, se, k):
    wald, prediction = [], []
    for level in (0.95, 0.8, 0.99):
        z, q = normal_quantile(level), t_quantile(level, k - 1)
        half = q * mp.sqrt(t + se * se)
        wald.append([level, *(float(v) for v in (mu - z * se, mu + z * se, mu - q * se, mu + q * se))])
        prediction.append([level, mu - half, mu + half])
    return {"wald": wald, "prediction": prediction}


# ---------------------------------------------------------------- limits
def settle(step, mu, t, precise):
    """Newton's method in doubles; where asked for, one step with 30 digits from there: what it leaves is the square of that step."""
    for _ in range(60):
        by = step(mu, t, np)
        scale = min(1.0, 0.5 * t / abs(by[1])) if by[1] else 1.0
        mu, t = mu + scale * by[0], t + scale * by[1]
        if abs(by[0]) < 1e-8 * (1 + abs(mu)) and abs(by[1]) < 1e-8 * t:
            break
    else:
        raise ArithmeticError("Newton's method does not settle")
    by = step(mpf(mu), mpf(t), mp) if precise else step(mu, t, np)
    assert abs(by[0]) < 1e-7 * (1 + abs(mu)) and abs(by[1]) < 1e-7 * t, by
    return mpf(mu) + by[0], mpf(t) + by[1]


def differentiated(studies, mu, t, lib):
    return base.derivatives(studies, mu, t) if lib is mp else base.rough_derivatives(studies, mu, t)


def top_of_slice(studies, mu, t):
    """The best mu at t, in doubles, by Newton's method on a concave function, and ln L there."""
    for _ in range(60):
        value, g, h = base.rough_derivatives(studies, mu, t)
        step = np.clip(-g[0] / h[0], -5 - 3 * t**0.5, 5 + 3 * t**0.5)
        if abs(step) > 1 / (-h[0]) ** 0.5:
            while base.rough_total(studies, mu + step, t) < value:
                step /= 2
        mu += step
        if abs(step) < 1e-4 / (-h[0]) ** 0.5:
            # What is left adds half of its square.
            return mu, value - 0.5 * g[0] ** 2 / h[0]
    raise ArithmeticError("no top")


def edge_of_slice(studies, mu, t, top, target, direction, unit):
    """Where ln L at this t has fallen to target, to 1e-4: Newton's method on the signed root inside a bracket."""
    goal = (2 * (top - target)) ** 0.5
    low, high, x = 0.0, np.inf, max(goal, 1e-6)
    for _ in range(80):
        value, g, _ = base.rough_derivatives(studies, mu + direction * x * unit, t)
        root = max(2 * (top - value), 0.0) ** 0.5
        low, high = (x, high) if root < goal else (low, x)
        slope = -direction * g[0] * unit
        new = x + (goal - root) * root / slope if slope > 0 else np.inf
        if not low < new < high:
            new = (low + high) / 2 if np.isfinite(high) else 2 * x
        if abs(new - x) < 1e-2 * x:
            return mu + direction * new * unit
        x = new
    return mu + direction * x * unit


def region(studies, start, target, low, high, points=20):
    """Slices of the region ln L >= target between two t: (t, lower mu, upper mu)."""
    mu, out = start, []
    for root in np.linspace(max(low, 1e-7 * high) ** 0.5, high**0.5, points):
        t = float(root) ** 2
        mu, top = top_of_slice(studies, mu, t)
        if top > target:
            unit = (-base.rough_derivatives(studies, mu, t)[2][0]) ** -0.5
            out.append((t, *(edge_of_slice(studies, mu, t, top, target, d, unit) for d in (-1, 1))))
    return out


def parallel(kind, studies, mu, t, target, lib):
    """Newton's step to where ln L = target and the gradients of ln L and of the logarithm of the mean are parallel."""
    value, g, h = differentiated(studies, mu, t, lib)
    # The logarithm of the mean is that of the likelihood of one event of one person; of a rate it is mu + t/2.
    _, a, b = (None, [1, mpf(1) / 2], [0, 0, 0]) if kind == "poisson" else differentiated([base.Study(kind, 1, 1)], mu, t, lib)
    a, b = (a, b) if lib is mp else ([float(v) for v in a], [float(v) for v in b])
    cross = a[0] * g[1] - a[1] * g[0]
    by_mu = b[0] * g[1] + a[0] * h[1] - b[1] * g[0] - a[1] * h[0]
    by_t = b[1] * g[1] + a[0] * h[2] - b[2] * g[0] - a[1] * h[1]
    return base.solve2(g[0], g[1], by_mu, by_t, target - value, -cross)


def mean_limits(name, kind, studies, target, slices, low, precise):
    """The least and the greatest mean over the region, of which slices are given; low is its least t."""
    one = base.Study(kind, 1, 1)
    rough_mean = lambda m, v: m + v / 2 if kind == "poisson" else base.rough_total([one], m, v)
    out = []
    for side, direction in ((1, -1), (2, 1)):
        scores = [direction * rough_mean(s[side], s[0]) for s in slices]
        i = int(np.argmax(scores))
        m, v = slices[i][side], slices[i][0]
        # At t = 0 the mean is p(mu) and its slope in t is half the second derivative.
        if low <= 0 and i <= 1:
            m0 = base.limit_mu_zero(studies, base.limit_mu_zero(studies, mpf(m), target), target)
            _, slope, _, heat = base.at_zero(studies, m0)
            e = mpf(10) ** -8
            p = [base.inverse(kind, m0 + s * e) for s in (-1, 0, 1)]
            p1, p2 = (p[2] - p[0]) / (2 * e), (p[2] - 2 * p[1] + p[0]) / e**2
            if direction * (p2 / 2 - p1 * heat / slope) <= 0 and direction * mp.log(p[1]) >= max(scores) - 1e-2:
                out.append(p[1])
                continue
        m, v = settle(lambda m, v, lib: parallel(kind, studies, m, v, target if lib is mp else float(target), lib), m, v, precise)
        value = mean_response(kind, m, v)
        assert v > 0 and direction * mp.log(value) >= max(scores) - 1e-2, (name, direction, value, max(scores))
        assert direction * mp.log(value) <= max(scores) + 0.2 + 0.1 * abs(max(scores)), (name, direction, value, max(scores))
        out.append(value)
    return out


def profile_grid(studies, start, low, high, per_decade):
    """ln L maximised over mu on a grid of t, in doubles."""
    out, mu = [], start
    for t in np.exp(np.linspace(np.log(low), np.log(high), int(np.log10(high / low) * per_decade) + 1)):
        mu, top = top_of_slice(studies, mu, float(t))
        out.append((float(t), mu, top))
    return out


def tau2_limits(studies, ll0, target, grid, precise):
    """The ends of the set of t with a profile above target, or nearly so."""
    inside = [i for i, (_, _, top) in enumerate(grid) if top > float(target)]
    assert inside[-1] + 1 < len(grid)
    out = []
    for i, j in ((inside[0], inside[0] - 1), (inside[-1], inside[-1] + 1)):
        if j < i and ll0 >= target:
            out.append(mpf(0))
            continue
        a, b = grid[i][0], grid[j][0] if j >= 0 else 0.0
        m = grid[i][1]
        for _ in range(10):
            mid = (a * b) ** 0.5 if b > 0 else a / 2
            m, top = top_of_slice(studies, m, mid)
            a, b = (mid, b) if top > float(target) else (a, mid)
        t = (a + b) / 2

        def step(m, v, lib):
            value, g, h = differentiated(studies, m, v, lib)
            return base.solve2(h[0], h[1], g[0], g[1], -g[0], (target if lib is mp else float(target)) - value)

        out.append(settle(step, m, t, precise)[1])
    return out


def mu_limits(name, studies, target, slices, low, precise):
    """The ends of the set of mu with a profile over t above target."""
    out = []
    for side, direction in ((1, -1), (2, 1)):
        i = int(np.argmax([direction * s[side] for s in slices]))
        t, m = slices[i][0], slices[i][side]
        got = None
        if low <= 0 and i <= 1:
            zero = base.limit_mu_zero(studies, mpf(m), target)
            if base.at_zero(studies, zero)[3] <= 0:
                got = zero
        if got is None:

            def step(m, v, lib):
                value, g, h = differentiated(studies, m, v, lib)
                return base.solve2(g[0], g[1], h[1], h[2], (target if lib is mp else float(target)) - value, -g[1])

            got, v = settle(step, m, t, precise)
            assert v >= 0, name
        assert direction * got >= max(direction * s[side] for s in slices) - 1e-2, (name, direction, got)
        out.append(got)
    return out


ONE = ["ivig", "ivig strict", "ivig further", "two studies", "simulated 5 0.9 0.7", "no heterogeneity", "none but one", "zeros and full", "probit: ivig",
       "probit: zeros and full", "probit: tiny", "cloglog: ivig", "cloglog: two studies", "cloglog: all but one respond everywhere", "rate: courses",
       "rate: few", "rate: many", "rate: zeros mostly", "rate: pair"]
TWO = ["exact: ivig", "exact: hine 1989", "exact: lee 2004, first six", "exact: simulated small", "approximate: ivig", "approximate: simulated rare",
       "rates: sparse", "rates: hart 1999", "rates: simulated"]


# With 30 digits at the end; the others in doubles only, which on these leaves less than 1e-11.
PRECISE = ["ivig", "ivig strict", "ivig further", "two studies", "zeros and full"]


def limits(name):
    cases = {case["name"]: case for case in load("glmm_one_group.json")}
    cases |= {f"{case['kind']}: {case['name']}": case for case in load("glmm_two_groups.json")}
    case = cases[name]
    kind = case["kind"]
    if name in ONE:
        studies = [base.Study(kind, x, n) for x, n in zip(case["x"], case["n"])]
    else:
        studies = pairs.build(kind, [tuple(int(v) if kind == "exact" else v for v in row) for row in case["rows"]])
    k, precise = len(studies), name in PRECISE
    mu, ll, ll0 = (mpf(case[key]) for key in ("mu", "ll", "ll0"))
    grid = profile_grid(studies, float(mu), 1e-2 * min(s.width for s in studies) ** 2, 1e6, 2)
    row = {"name": name, "profile": [], "tau2": [], "mean": []}
    for level in (0.95, 0.8, 0.99):
        target = ll - normal_quantile(level) ** 2 / 2
        ends = tau2_limits(studies, ll0, target, grid, precise and level != 0.95)
        slices = region(studies, float(mu), float(target), *map(float, ends))
        if level != 0.95:
            row["tau2"].append([level, *map(float, ends)])
            row["profile"].append([level, *map(float, mu_limits(name, studies, target, slices, ends[0], precise))])
        if name in ONE and level != 0.99:
            row["mean"].append([level, *map(float, mean_limits(name, kind, studies, target, slices, ends[0], precise))])
    # Of two studies at 95 % it is a fall of 81, which is out of reach.
    level = 0.95 if k > 2 else 0.8
    target = ll - t_quantile(level, k - 1) ** 2 / 2
    ends = tau2_limits(studies, ll0, target, grid, False)
    slices = region(studies, float(mu), float(target), *map(float, ends))
    row["profile_t"] = [level, *map(float, mu_limits(name, studies, target, slices, ends[0], precise))]
    return row


# ---------------------------------------------------------------- two maxima
PAIR = [(5000, 10000), (5003, 10000)]
APART = [(0, 6), (6, 6), (0, 5), (7, 7)]
FIFTY = [(50, 100), (50, 100), (51, 100), (0, 5), (6, 6), (12, 12), (0, 9)]
FAR = [(10000, 1000.0), (10010, 1001.0)]
PEAKS = [
    ("logit", "close pair, four at the ends", PAIR + APART), ("logit", "close pair, three small", PAIR + [(0, 4), (4, 4), (1, 9)]),
    ("logit", "pair apart, five at the ends", [(5000, 10000), (5300, 10000), (0, 6), (6, 6), (0, 5), (7, 7), (0, 8)]), ("logit", "three alike", FIFTY),
    ("probit", "close pair, four at the ends", PAIR + APART), ("probit", "close pair, three small", PAIR + [(0, 4), (4, 4), (1, 9)]),
    ("logit", "close pair, four near the ends", PAIR + [(0, 5), (5, 5), (0, 4), (5, 5)]),
    ("cloglog", "close pair, four at the ends", PAIR + APART), ("cloglog", "three alike", FIFTY),
    ("poisson", "rates far from a close pair", FAR + [(1, 2.0), (20, 0.1), (0, 0.6), (2, 0.01)]),
    ("poisson", "rates less far", FAR + [(1, 1.0), (6, 0.1), (0, 0.5), (2, 0.03)]),
]



def peaks(case):
    kind, name, rows = case
    studies = [base.Study(kind, x, n) for x, n in rows]
    least = min(s.width for s in studies if not (s.none or s.all)) ** 2
    zero_mu = base.best_mu(studies, 0.0, 0.0)[0]
    grid = profile_grid(studies, zero_mu, 1e-2 * least, 1e4, 8)
    mu0 = base.mle_zero(studies, zero_mu)
    ll0, _, _, heat = base.at_zero(studies, mu0)
    found = [(mu0, mpf(0), ll0)] if heat <= 0 else []
    tops = [top for _, _, top in grid]
    for i in range(1, len(grid) - 1):
        if tops[i - 1] < tops[i] >= tops[i + 1]:
            m, v = base.mle(studies, grid[i][1], grid[i][0])
            found.append((m, v, base.derivatives(studies, m, v)[0]))
    mu, t, ll = max(found, key=lambda peak: peak[2])
    target = ll - base.DROP
    precise = False
    ends = tau2_limits(studies, ll0, target, grid, precise)
    slices = region(studies, float(mu), float(target), *map(float, ends), points=60)
    return {
        "name": name, "kind": kind, "x": [float(x) for x, _ in rows], "n": [float(n) for _, n in rows],
        "peaks": [[float(v) for v in peak] for peak in found], "mu": float(mu), "tau2": float(t), "ll": float(ll),
        "tau2_limits": [float(v) for v in ends], "mu_limits": [float(v) for v in mu_limits(name, studies, target, slices, ends[0], precise)],
        "mean_limits": [float(v) for v in mean_limits(name, kind, studies, target, slices, ends[0], precise)],
    }


def attempt(job):
    function, case = job
    try:
        return function(case)
    except Exception as failure:  # shown, and the count in the test fails
        print("FAILED", case, repr(failure), flush=True)
        return None


if __name__ == "__main__":
    part, wanted = sys.argv[1], sys.argv[2:]
    if part == "derived":
        result = derived()
    else:
        jobs = [(limits, name) for name in [*ONE, *TWO]] if part == "limits" else [(peaks, case) for case in PEAKS]
        result = {"cases": []}
        with multiprocessing.Pool(3) as pool:
            for row in pool.imap(attempt, [job for job in jobs if not wanted or job[1] in wanted or job[1][1] in wanted]):
                print(json.dumps(row), flush=True)
                result["cases"] += [row] if row else []
    if not wanted:
        with open(os.path.join(HERE, f"glmm_quantities_{part}.json"), "w") as file:
            json.dump({"source": f"glmm_quantities.py {part}", **result}, file, indent=0)
            file.write("\n")
