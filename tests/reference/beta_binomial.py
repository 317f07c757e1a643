"""References for the beta-binomial model of two groups.

    x_ij ~ BetaBinomial(n_ij, alpha_j, beta_j),  alpha_j = mu_j / phi,  beta_j = (1 - mu_j) / phi,  rho = phi / (1 + phi)

Kuss 2015, Stat Med 34:1097.  The likelihood is written with gamma functions (mpmath, 50 digits), differentiated by central differences with
a step of 1e-12, and maximised by Newton's method from a place that scipy found in doubles. phi = 0 is the binomial model.

    python beta_binomial.py          writes beta_binomial.json beside this file; needs numpy, scipy and mpmath
"""

import json
import os

import numpy as np
from mpmath import mp, mpf
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

from glmm_two_groups import cases as two_group_cases

mp.dps = 50
HERE = os.path.dirname(os.path.abspath(__file__))
Z = mpf("1.95996398454005423552459443052")
DROP = Z * Z / 2
STEP = mpf(10) ** -12


def means(contrast, d, b, lib):
    if contrast == "logit":
        return 1 / (1 + lib.exp(-b - d)), 1 / (1 + lib.exp(-b))
    if contrast == "log":
        return lib.exp(b + d), lib.exp(b)
    return b + d, b


def exact(rows, contrast, d, b, phi):
    value = mpf(0)
    for x1, n1, x2, n2 in rows:
        for x, n, m in zip((x1, x2), (n1, n2), means(contrast, d, b, mp)):
            value += mp.loggamma(n + 1) - mp.loggamma(x + 1) - mp.loggamma(n - x + 1)
            if phi == 0:
                value += x * mp.log(m) + (n - x) * mp.log(1 - m)
            else:
                a, c = m / phi, (1 - m) / phi
                value += mp.loggamma(x + a) + mp.loggamma(n - x + c) - mp.loggamma(n + a + c)
                value -= mp.loggamma(a) + mp.loggamma(c) - mp.loggamma(a + c)
    return value


def rough(rows, contrast, d, b, phi):
    """The same in doubles; below phi = 1e-6, where betaln loses its digits, the binomial model."""
    with np.errstate(all="ignore"):
        m = means(contrast, d, b, np)
        if not all(0 < v < 1 for v in m) or phi < 0:
            return -np.inf
        table = np.asarray(rows, dtype=float)
        x, n, p = table[:, [0, 2]], table[:, [1, 3]], np.array(m)
        value = np.sum(gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1))
        if phi < 1e-6:
            return value + np.sum(x * np.log(p) + (n - x) * np.log1p(-p))
        return value + np.sum(betaln(x + p / phi, n - x + (1 - p) / phi) - betaln(p / phi, (1 - p) / phi))


def derivatives(f, point, free):
    """Value, gradient and Hessian in the free coordinates, by central differences."""
    n = len(free)

    def at(moves):
        p = list(point)
        for j, by in moves:
            p[j] = p[j] + by * STEP * (abs(point[j]) if j == 2 else 1)
        return f(*p)

    unit = [STEP * (abs(point[j]) if j == 2 else 1) for j in free]
    mid = f(*point)
    up, down = [at([(j, 1)]) for j in free], [at([(j, -1)]) for j in free]
    g = mp.matrix([(u - d) / (2 * e) for u, d, e in zip(up, down, unit)])
    h = mp.matrix(n, n)
    for a in range(n):
        h[a, a] = (up[a] - 2 * mid + down[a]) / unit[a] ** 2
        for c in range(a):
            pp, mm = at([(free[a], 1), (free[c], 1)]), at([(free[a], -1), (free[c], -1)])
            h[a, c] = h[c, a] = (pp - up[a] - up[c] + 2 * mid - down[a] - down[c] + mm) / (2 * unit[a] * unit[c])
    return mid, g, h


def newton(f, point, free, fixed=None, target=None):
    """Solves gradient = 0 in all free coordinates; or, with `fixed`, ln L = target instead of the slope in that one."""
    point = [mpf(v) for v in point]
    for _ in range(60):
        value, g, h = derivatives(f, point, free)
        if fixed is not None:
            i = free.index(fixed)
            for c in range(len(free)):
                h[i, c] = g[c]
            g[i] = value - target
        step = mp.lu_solve(h, -g)
        done = True
        for j, s in zip(free, step):
            if j == 2 and point[j] + s <= 0:
                s = -point[j] / 2
            point[j] += s
            done = done and abs(s) <= mpf(10) ** -17 * (abs(point[j]) + mpf(10) ** -8)
        if done:
            return point
    raise ArithmeticError("Newton's method does not settle")


def climb(rows, contrast, d):
    """The best b and phi at an effect, in doubles."""
    total = [sum(r[j] for r in rows) for j in range(4)]
    p2 = total[2] / total[3]
    best = None
    for phi in (1e-7, 1e-3, 3e-2, 1.0):
        for m in (p2, 0.5 * (p2 + total[0] / total[1])):
            if contrast == "logit":
                starts = [np.log(m / (1 - m)), np.log(m / (1 - m)) - d / 2]
            elif contrast == "log":
                starts = [min(np.log(m), -d - 0.01, -0.01)]
            else:
                starts = [min(max(m, 0.01 - min(d, 0)), 0.99 - max(d, 0))]
            for b in starts:
                found = minimize(lambda q: -rough(rows, contrast, d, q[0], np.exp(q[1])), [b, np.log(phi)], method="Nelder-Mead",
                                 options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 2000})
                if np.isfinite(found.fun) and (best is None or -found.fun > best[0] + 1e-11):
                    best = (-found.fun, found.x[0], np.exp(found.x[1]))
    flat = minimize(lambda q: -rough(rows, contrast, d, q[0], 0.0), [best[1]], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13})
    if best[2] < 1e-6 or -flat.fun >= best[0] - 1e-9:
        best = (-flat.fun, flat.x[0], 0.0)
    return best


def reference(name, contrast, rows):
    f = lambda d, b, phi: exact(rows, contrast, d, b, phi)
    total = [sum(r[j] for r in rows) for j in range(4)]
    p = [mpf(total[0]) / total[1], mpf(total[2]) / total[3]]
    scale = {"logit": lambda v: mp.log(v / (1 - v)), "log": mp.log, "identity": lambda v: v}[contrast]
    zero = [scale(p[0]) - scale(p[1]), scale(p[1]), mpf(0)]
    ll0 = f(*zero)
    # The maximum over phi, in doubles, from several starts.
    best = None
    for phi in (1e-4, 1e-3, 1e-2, 0.1, 1.0):
        q = minimize(lambda q: -rough(rows, contrast, q[0], q[1], np.exp(q[2])), [float(zero[0]), float(zero[1]), np.log(phi)],
                     method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000})
        if best is None or -q.fun > best[0]:
            best = (-q.fun, q.x)
    inside = best[0] > float(ll0) + 1e-8 and np.exp(best[1][2]) > 1e-6
    free = [0, 1, 2] if inside else [0, 1]
    top = newton(f, [best[1][0], best[1][1], np.exp(best[1][2])], free) if inside else zero
    ll, _, h = derivatives(f, top, free)
    assert ll >= ll0, name
    covariance = (-h) ** -1
    target = ll - DROP
    se = mp.sqrt(covariance[0, 0])
    limits = []
    for direction in (-1, 1):
        low, high = float(top[0]), float(top[0]) + direction * 2 * float(se)
        while climb(rows, contrast, high)[0] > float(target):
            low, high = high, high + direction * float(se)
        for _ in range(9):
            mid = 0.5 * (low + high)
            low, high = (mid, high) if climb(rows, contrast, mid)[0] > float(target) else (low, mid)
        d = 0.5 * (low + high)
        _, b, phi = climb(rows, contrast, d)
        got = newton(f, [d, b, phi], [0, 1, 2] if phi > 0 else [0, 1], fixed=0, target=target)
        # No better pair of b and phi at this effect.
        assert climb(rows, contrast, float(got[0]))[0] < float(target) + 1e-6, (name, direction)
        limits.append(got)
    # phi at the limits of rho.
    given = lambda phi, start: minimize(lambda q: -rough(rows, contrast, q[0], q[1], phi), start, method="Nelder-Mead",
                                        options={"xatol": 1e-8, "fatol": 1e-11})
    start = [float(top[0]), float(top[1])]
    phis = []
    for up in (False, True):
        if not up and ll0 >= target:
            phis.append(mpf(0))
            continue
        inner, outer = float(top[2]), 0.0
        if up:
            outer = max(2 * inner, 1e-3)
            while -given(outer, start).fun > float(target):
                inner, outer = outer, 3 * outer
        for _ in range(10):
            mid = 0.5 * (inner + outer)
            inner, outer = (mid, outer) if -given(mid, start).fun > float(target) else (inner, mid)
        mid = 0.5 * (inner + outer)
        d, b = given(mid, start).x
        phis.append(newton(f, [d, b, mid], [0, 1, 2], fixed=2, target=target)[2])
    rho = lambda v: float(v / (1 + v))
    return {
        "name": name, "contrast": contrast, "rows": [list(map(float, r)) for r in rows], "effect": float(top[0]), "se": float(se), "rho": rho(top[2]),
        "ll": float(ll), "ll0": float(ll0), "lower": float(limits[0][0]), "upper": float(limits[1][0]), "rho_lower": rho(phis[0]),
        "rho_upper": rho(phis[1]),
    }


def cases():
    tables = {name: rows for kind, name, rows in two_group_cases() if kind == "exact"}
    names = ["ivig", "nielweise 2007", "hine 1989", "li 2007, first six", "yusuf 1985, first six", "lee 2004, first six", "two tables",
             "two, one at the end", "one event each, mostly", "opposite", "unbalanced", "nearly all", "simulated rare", "simulated small",
             "simulated moderate", "simulated heterogeneous", "equal tables"]
    out = [("logit", name, tables[name]) for name in names]
    for contrast in ("log", "identity"):
        out += [(contrast, name, tables[name]) for name in ("ivig", "nielweise 2007", "lee 2004, first six", "simulated small", "simulated rare")]
    return out


if __name__ == "__main__":
    results = []
    for contrast, name, rows in cases():
        try:
            results.append(reference(name, contrast, rows))
            print({k: v for k, v in results[-1].items() if k != "rows"}, flush=True)
        except Exception as failure:  # shown, and the count in the test fails
            print("FAILED", contrast, name, repr(failure), flush=True)
    with open(os.path.join(HERE, "beta_binomial.json"), "w") as out:
        json.dump({"source": "beta_binomial.py", "level": 0.95, "cases": results}, out, indent=0)
        out.write("\n")
