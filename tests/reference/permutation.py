"""Permutation tests by brute force. Run here: python3 permutation.py (numpy, double precision)

Every one of the 2^k sign patterns is fitted: common effect, DerSimonian-Laird, Hedges and Sidik-Jonkman tau2 in closed form,
REML by a scan of the restricted log-likelihood and its score; Wald or Hartung-Knapp statistic. Counts are over all 2^k patterns,
ties within 1e-9. Limits by plain bisection of the whole p-value. Data: mpmath_pool.json.
"""
import json
import itertools
import numpy as np
import scipy
from scipy.optimize import brentq


def patterns(k):
    return np.array(list(itertools.product([1.0, -1.0], repeat=k)))


def closed_form(method, y, v):
    """tau2 for every row of y."""
    w, k = 1 / v, len(v)
    if method == "EE":
        return np.zeros(len(y))
    if method == "DL":
        m = y @ w / w.sum()
        q = ((y - m[:, None]) ** 2 * w).sum(1)
        return np.maximum(0, (q - (k - 1)) / (w.sum() - (w ** 2).sum() / w.sum()))
    r = y - y.mean(1)[:, None]
    if method == "HE":
        return np.maximum(0, (r ** 2).sum(1) / (k - 1) - v.mean())
    t0 = (r ** 2).sum(1) / k
    w = 1 / (v + t0[:, None])
    m = (w * y).sum(1) / w.sum(1)
    return t0 * (w * (y - m[:, None]) ** 2).sum(1) / (k - 1)


def reml(y, v):
    def parts(t):
        w = 1 / (v + t)
        m = (w * y).sum() / w.sum()
        return w, y - m

    def ll(t):
        w, r = parts(t)
        return 0.5 * (np.log(w).sum() - np.log(w.sum()) - (w * r * r).sum())

    def score(t):
        w, r = parts(t)
        return (w * w * r * r).sum() - w.sum() + (w * w).sum() / w.sum()

    top = 10 * (y.max() - y.min()) ** 2 + v.max()
    grid = np.concatenate([[0.0], np.geomspace(1e-4 * v.min(), top, 400)])
    s = [score(t) for t in grid]
    found = [0.0] if s[0] <= 0 else []
    for a, b, sa, sb in zip(grid, grid[1:], s, s[1:]):
        if sa > 0 >= sb:
            found.append(brentq(score, a, b, xtol=1e-300, rtol=1e-15))
    return max(found, key=ll)


def statistics(method, knapp, y, v):
    if method == "REML":
        t = np.array([reml(row, v) for row in y])
    else:
        t = closed_form(method, y, v)
    w = 1 / (v + t[:, None])
    m = (w * y).sum(1) / w.sum(1)
    se2 = 1 / w.sum(1)
    if knapp:
        se2 = se2 * (w * (y - m[:, None]) ** 2).sum(1) / (len(v) - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(m == 0, 0, m / np.sqrt(se2)), m


def count(method, knapp, y, v, mu, tie):
    t, _ = statistics(method, knapp, patterns(len(y)) * (y - mu), v)
    size = abs(t[0])
    return int((np.abs(t) >= size - tie * max(size, 1)).sum()), t[0]


def limits(method, knapp, y, v, level):
    alpha, total = 1 - level, 2 ** len(y)
    _, m = statistics(method, knapp, y[None, :], v)
    reach = np.sqrt(v.max()) + y.max() - y.min()
    kept = lambda mu: count(method, knapp, y, v, mu, 0)[0] / total > alpha * (1 + 1e-12)
    ends = []
    for side in [-1, 1]:
        inside, step = m[0], reach / 16
        while kept(inside + side * step):
            inside, step = inside + side * step, 2 * step
        outside = inside + side * step
        for _ in range(60):
            mid = (inside + outside) / 2
            inside, outside = (mid, outside) if kept(mid) else (inside, mid)
        ends.append(inside)
    return ends


def main():
    cases = []
    for data in json.load(open("mpmath_pool.json"))["cases"]:
        y, v, k = np.array(data["yi"]), np.array(data["vi"]), data["k"]
        # Squares of 1/v leave the range of double precision in extreme_scale; effects without a difference have no statistic.
        if k > 13 or data["name"] in ("identical_effects", "extreme_scale"):
            continue
        level = 0.95 if k > 5 else 0.8 if k > 3 else 0.5
        for method in ["EE", "DL", "HE", "SJ"] + (["REML"] if k <= 6 else []):
            for knapp in [False, True]:
                tests = []
                for mu in [0.0, float(np.median(y)), float(y.min())]:
                    extreme, t = count(method, knapp, y, v, mu, 1e-9)
                    tests.append([mu, t, extreme])
                ends = None
                # With variances 1e12 apart the patterns differ by less than their rounding.
                if k in (2, 3, 4, 5, 6, 8, 9) and method != "REML" and data["name"] != "variance_ratio_1e12":
                    ends = limits(method, knapp, y, v, level)
                cases.append({"name": data["name"], "method": method, "knapp": knapp, "tests": tests, "level": level,
                              "interval": ends})
        print(data["name"], flush=True)
    with open("permutation.json", "w") as out:
        source = {"tool": "numpy, scipy", "version": f"{np.__version__}, {scipy.__version__}", "script": "permutation.py", "data": "mpmath_pool.json"}
        out.write('{"source": %s, "cases": [\n%s\n]}\n' % (json.dumps(source), ",\n".join(json.dumps(c) for c in cases)))


main()
