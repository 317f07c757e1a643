"""References for the regressions of one group: binomial-normal and Poisson-normal models with one covariate.

    eta_i ~ N(a + b z_i, t),  x_i | eta_i ~ Binomial(n_i, link^-1(eta_i))  or  Poisson(n_i exp(eta_i))

The integrals are those of glmm_one_group.py (panels of Gauss-Legendre nodes in 30 digits). Starts are found in doubles; coefficients, tau2
and both profile limits of b are then improved by Newton's method in 30 digits until the step is below 1e-15 relative. The observed
information is analytic (Hermite polynomials under the posterior).

    python glmm_regression.py          writes glmm_regression.json beside this file; needs numpy, scipy and mpmath
"""

import json
import os

import mpmath
import numpy as np
from mpmath import mp, mpf
from scipy.optimize import minimize

from glmm_one_group import DROP, HERE, Study, moments, rough_derivatives, rough_total


def parts(studies, z, point):
    """ln L with gradient and Hessian in (a, b, t)."""
    a, b, t = point
    tau = mp.sqrt(t)
    value, g, h = mpf(0), mp.zeros(3, 1), mp.zeros(3, 3)
    for s, x in zip(studies, z):
        one, (u1, u2, u3, u4) = moments(s, a + b * x, t)
        a1, a2 = u1 / tau, (u2 - 1) / t
        a3, a4 = (u3 - 3 * u1) / tau**3, (u4 - 6 * u2 + 3) / t**2
        gm, gt = a1, a2 / 2
        hmm, hmt, htt = a2 - a1**2, (a3 - a1 * a2) / 2, (a4 - a2**2) / 4
        row = [mpf(1), x]
        value += one
        for i in range(2):
            g[i] += row[i] * gm
            h[i, 2] += row[i] * hmt
            h[2, i] += row[i] * hmt
            for j in range(2):
                h[i, j] += row[i] * row[j] * hmm
        g[2] += gt
        h[2, 2] += htt
    return value, g, h


def rough(studies, z, a, b, t):
    return sum(rough_total([s], a + b * x, t) for s, x in zip(studies, z))


def newton(equations, point):
    for _ in range(60):
        f, jacobian = equations(point)
        step = mp.lu_solve(jacobian, -f)
        # Never more than a halving of t.
        share = mpf(1)
        while point[2] + share * step[2] <= point[2] / 4:
            share /= 2
        point = [p + share * s for p, s in zip(point, step)]
        if share == 1 and all(abs(s) <= mpf(10) ** -15 * (abs(p) + mpf(10) ** -8) for p, s in zip(point, step)):
            return point
    raise ArithmeticError("Newton's method does not settle")


def maximum(studies, z, start):
    def equations(point):
        _, g, h = parts(studies, z, point)
        return g, h

    return newton(equations, start)


def limit(studies, z, start, target):
    """ln L = target, stationary in a and t."""

    def equations(point):
        value, g, h = parts(studies, z, point)
        f = mp.matrix([g[0], g[2], value - target])
        jacobian = mp.matrix([[h[0, 0], h[0, 1], h[0, 2]], [h[2, 0], h[2, 1], h[2, 2]], [g[0], g[1], g[2]]])
        return f, jacobian

    return newton(equations, start)


def reference(name, kind, rows):
    studies = [Study(kind, x, n) for x, n, _ in rows]
    zf = [float(z) for _, _, z in rows]
    z = [mpf(v) for v in zf]
    f = lambda q: -rough(studies, zf, q[0], q[1], np.exp(q[2]))
    knees = np.array([s.knee for s in studies])
    slope, intercept = np.polyfit(zf, knees, 1)
    found = min(
        (minimize(f, [intercept, slope, u], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-10, "maxiter": 4000}) for u in (-2.0, 0.0, 1.5)),
        key=lambda r: r.fun,
    )
    point = maximum(studies, z, [mpf(found.x[0]), mpf(found.x[1]), mpf(np.exp(found.x[2]))])
    ll, _, h = parts(studies, z, point)
    other = sum(moments(s, point[0] + point[1] * x, point[2], order=32)[0] for s, x in zip(studies, z))
    assert abs(ll - other) < mpf(10) ** -16 * (1 + abs(ll)), (name, ll, other)
    covariance = (-h) ** -1
    se = [mp.sqrt(covariance[i, i]) for i in range(3)]
    limits = []
    for direction in (-1, 1):
        # The ridge is followed in doubles first.
        q = np.array([float(point[0]), float(mp.log(point[2]))])
        b = float(point[1])
        target = float(ll - DROP)
        low, high = 0.0, 0.5
        value = lambda step: (lambda r: (-r.fun, r.x))(
            minimize(lambda w: f([w[0], b + direction * step * float(se[1]), w[1]]), q, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9})
        )
        while value(high)[0] > target:
            high *= 1.6
        for _ in range(12):
            mid = (low + high) / 2
            low, high = (mid, high) if value(mid)[0] > target else (low, mid)
        _, w = value((low + high) / 2)
        start = [mpf(w[0]), mpf(b + direction * (low + high) / 2 * float(se[1])), mpf(np.exp(w[1]))]
        limits.append(limit(studies, z, start, ll - DROP)[1])
    number = lambda v: mp.nstr(v, 25)
    print(name, kind, number(point[2]), flush=True)
    return {
        "name": name,
        "kind": kind,
        "x": [float(x) for x, _, _ in rows],
        "n": [float(n) for _, n, _ in rows],
        "z": zf,
        "ll": number(ll),
        "coefficients": [number(v) for v in point[:2]],
        "tau2": number(point[2]),
        "se": [number(v) for v in se],
        "covariance": number(covariance[0, 1]),
        "slope_limits": [number(v) for v in limits],
    }


TEN = [(7, 19), (7, 8), (22, 24), (35, 42), (11, 12), (25, 35), (13, 16), (23, 27), (16, 23), (37, 47)]
YEARS = [1993, 1998, 2001, 2004, 2008, 2010, 2013, 2016, 2019, 2022]
SPARSE = [(0, 12), (3, 20), (1, 15), (8, 22), (0, 9), (6, 14), (14, 14)]
DOSE = [0.5, 1.0, 1.0, 2.0, 0.25, 2.5, 3.0]
LARGE = [(120, 4000), (310, 5200), (95, 2100), (800, 9000), (60, 3300), (410, 4700)]
AGE = [41.5, 52.0, 47.25, 60.5, 38.0, 57.5]
CASES = [
    ("ten studies on year", [(x, n, y) for (x, n), y in zip(TEN, YEARS)]),
    ("sparse on dose", [(x, n, d) for (x, n), d in zip(SPARSE, DOSE)]),
    ("large on age", [(x, n, a) for (x, n), a in zip(LARGE, AGE)]),
]


def main():
    cases = []
    for name, rows in CASES:
        cases += [reference(name, kind, rows) for kind in ("logit", "probit", "cloglog")]
        # As rates the same counts leave no heterogeneity; five times as many events do.
        cases.append(reference(name, "poisson", [(5 * x, n, z) for x, n, z in rows]))
    with open(os.path.join(HERE, "glmm_regression.json"), "w") as out:
        json.dump({"source": f"mpmath {mpmath.__version__}, 30 digits, glmm_regression.py", "cases": cases}, out, indent=0)
        out.write("\n")


if __name__ == "__main__":
    main()
