"""References for Firth's penalised logistic regression with study intercepts.

    maximise l(a, d) + 1/2 ln det I(a, d),   logit p_i1 = a_i + d,  logit p_i2 = a_i

The information matrix is built from the design and its determinant taken by elimination; gradient and Hessian are central differences at 50
digits (mpmath), and Newton's method ends below 1e-17.

    python firth.py          writes firth.json beside this file; needs mpmath
"""

import json
import os

from mpmath import mp, mpf

from glmm_two_groups import cases as two_group_cases

mp.dps = 50
HERE = os.path.dirname(os.path.abspath(__file__))
Z = mpf("1.95996398454005423552459443052")
DROP = Z * Z / 2
STEP = mpf(10) ** -12


def penalised(rows, point):
    """l* at intercepts and, last, the effect."""
    k = len(rows)
    value, information = mpf(0), mp.matrix(k + 1, k + 1)
    for i, (x1, n1, x2, n2) in enumerate(rows):
        for x, n, eta, z in ((x1, n1, point[i] + point[k], 1), (x2, n2, point[i], 0)):
            value += mp.log(mp.binomial(n, x)) + x * eta - n * mp.log1p(mp.exp(eta))
            p = 1 / (1 + mp.exp(-eta))
            w = n * p * (1 - p)
            information[i, i] += w
            if z:
                information[i, k] += w
                information[k, i] += w
                information[k, k] += w
    return value + mp.log(mp.det(information)) / 2, information


def newton(rows, point, target=None):
    """The maximum; with `target`, the limit of the last coordinate at which the profile has that value."""
    f = lambda p: penalised(rows, p)[0]
    n = len(point)
    for _ in range(80):
        mid = f(point)
        moved = lambda *moves: f([v + STEP * sum(s for j, s in moves if j == i) for i, v in enumerate(point)])
        up, down = [moved((j, 1)) for j in range(n)], [moved((j, -1)) for j in range(n)]
        g = mp.matrix([(u - d) / (2 * STEP) for u, d in zip(up, down)])
        h = mp.matrix(n, n)
        for a in range(n):
            h[a, a] = (up[a] - 2 * mid + down[a]) / STEP**2
            for c in range(a):
                both = moved((a, 1), (c, 1)) + moved((a, -1), (c, -1))
                h[a, c] = h[c, a] = (both - up[a] - up[c] + 2 * mid - down[a] - down[c]) / (2 * STEP**2)
        if target is not None:
            for c in range(n):
                h[n - 1, c] = g[c]
            g[n - 1] = mid - target
        step = mp.lu_solve(h, -g)
        largest = max(abs(s) for s in step)
        damp = min(mpf(1), 1 / largest) if largest > 1 else mpf(1)
        point = [v + damp * s for v, s in zip(point, step)]
        if largest < mpf(10) ** -17:
            return point
    raise ArithmeticError("Newton's method does not settle")


def reference(name, rows):
    logit = lambda x, n: mp.log((x + mpf(1) / 2) / (n - x + mpf(1) / 2))
    top = newton(rows, [logit(x1 + x2, n1 + n2) for x1, n1, x2, n2 in rows] + [mpf(0)])
    value, information = penalised(rows, top)
    inverse = information**-1
    k = len(rows)
    se = mp.sqrt(inverse[k, k])
    limits = []
    for direction in (-1, 1):
        # Along the ridge in steps, so that Newton's method starts near the limit.
        point = list(top)
        for share in (0.25, 0.5, 0.75, 1.0):
            target = value - DROP * share**2
            start = list(point)
            by = direction * se * Z * 0.25
            start[k] += by
            for i in range(k):
                start[i] += by * inverse[i, k] / inverse[k, k]
            point = newton(rows, start, target)
        assert direction * (point[k] - top[k]) > 0, name
        limits.append(point[k])
    # Pearson's statistic, and Fletcher's correction of it, at these risks.
    pearson, skew, dispersed = mpf(0), mpf(0), {}
    if k > 1:
        for i, (x1, n1, x2, n2) in enumerate(rows):
            for x, n, eta in ((x1, n1, top[i] + top[k]), (x2, n2, top[i])):
                p = 1 / (1 + mp.exp(-eta))
                mean, v, slope = n * p, n * p * (1 - p), 1 - 2 * p  # variance as a function of the mean m: m - m^2/n
                pearson += (x - mean) ** 2 / v
                skew += slope / v * (x - mean)
        dispersed = {"pearson": float(pearson), "phi_pearson": float(pearson / (k - 1)),
                     "phi_fletcher": float(pearson / (k - 1) / (1 + skew / (2 * k)))}
    return dispersed | {"name": name, "rows": [list(map(float, r)) for r in rows], "effect": float(top[k]), "se": float(se), "ll": float(value),
            "lower": float(limits[0]), "upper": float(limits[1])}


def cases():
    tables = {name: rows for kind, name, rows in two_group_cases() if kind == "exact"}
    names = ["ivig", "hine 1989", "li 2007, first six", "yusuf 1985, first six", "two tables", "two, one at the end", "one event each, mostly",
             "opposite and empty", "unbalanced", "nearly all", "simulated rare", "simulated small"]
    out = [(name, tables[name]) for name in names]
    out += [("dalakas alone", [(9, 12, 0, 11)]), ("separated", [(4, 9, 0, 8), (3, 7, 0, 9)]), ("studies without events", [(0, 20, 0, 22), (1, 30, 3, 28), (0, 11, 2, 12)])]
    return out


if __name__ == "__main__":
    results = []
    for name, rows in cases():
        try:
            results.append(reference(name, rows))
            print({k: v for k, v in results[-1].items() if k != "rows"}, flush=True)
        except Exception as failure:  # shown, and the count in the test fails
            print("FAILED", name, repr(failure), flush=True)
    with open(os.path.join(HERE, "firth.json"), "w") as out:
        json.dump({"source": "firth.py", "level": 0.95, "cases": results}, out, indent=0)
        out.write("\n")
