"""tau2 of regressions with several coefficients, with mpmath. Run here: python3 tau2_wide_designs.py (a minute)

Eleven data sets, `found`, are those of 4.8 million random ones for which an elimination without regard to the size of its pivots lost
more than three digits; the others are drawn here. P = W - W X (X'WX)^-1 X'W with W = diag(1/(v + t)), by matrix products and inversion
at 50 digits; DerSimonian-Laird in closed form, the others as roots of y'Py - (k - p), y'PPy - tr P and y'PPy - tr W, which a fine grid
in double precision brackets; the likelihoods' values decide between several.
"""
import json
import math
import random
import mpmath as mp
import numpy as np

mp.mp.dps = 50
METHODS = ["DL", "PM", "REML", "ML"]


def projection(v, x, t):
    k, p = len(v), x.cols
    w = [1 / (mp.mpf(a) + t) for a in v]
    wx = mp.matrix(k, p)
    for i in range(k):
        for j in range(p):
            wx[i, j] = w[i] * x[i, j]
    gram = x.T * wx
    inverse = gram**-1
    proj = -(wx * inverse * wx.T)
    for i in range(k):
        proj[i, i] += w[i]
    return proj, w, gram


def roots(rough, function, low, high):
    """The sign at 0 and all changes of sign from there to `high`, on a grid by `rough`, polished by `function`."""
    grid = [0.0] + list(np.geomspace(low, high, 400))
    values = [rough(t) for t in grid]
    found = []
    for a, b, fa, fb in zip(grid, grid[1:], values, values[1:]):
        if fa > 0 >= fb or fa < 0 <= fb:
            found.append((mp.findroot(function, (mp.mpf(a), mp.mpf(b)), solver="anderson", tol=mp.mpf(10) ** -70), fa > 0))
    return values[0], found


def tau2(case, method):
    y, v = mp.matrix([mp.mpf(a) for a in case["y"]]), case["v"]
    k, p = len(v), 1 + len(case["columns"])
    x = mp.matrix(k, p)
    for i in range(k):
        x[i, 0] = 1
        for j, column in enumerate(case["columns"]):
            x[i, j + 1] = mp.mpf(column[i])
    trace = lambda a: mp.fsum(a[i, i] for i in range(k))

    def quadratic(t):
        return (y.T * projection(v, x, t)[0] * y)[0]

    def score(t):
        proj, w, _ = projection(v, x, t)
        z = proj * y
        return mp.fsum(a * a for a in z) - (trace(proj) if method == "REML" else mp.fsum(w))

    def twice_log_likelihood(t):
        proj, w, gram = projection(v, x, t)
        value = mp.fsum(mp.log(a) for a in w) - (y.T * proj * y)[0]
        return value - mp.log(mp.det(gram)) if method == "REML" else value

    xf = np.array(x.tolist(), dtype=float)

    def rough(t):
        w = 1 / (np.array(v) + t)
        proj = np.diag(w) - (xf.T * w).T @ np.linalg.solve(xf.T @ (xf.T * w).T, xf.T * w)
        z = proj @ np.array(case["y"])
        if method == "PM":
            return np.array(case["y"]) @ z - (k - p)
        return z @ z - (np.trace(proj) if method == "REML" else w.sum())

    zero = mp.mpf(0)
    if method == "DL":
        proj, _, _ = projection(v, x, zero)
        return max(zero, ((y.T * proj * y)[0] - (k - p)) / trace(proj))
    low, high = min(v) / 1000, 100 * (max(a * a for a in case["y"]) + max(v))
    if method == "PM":
        at_zero, found = roots(rough, lambda t: quadratic(t) - (k - p), low, high)
        return found[0][0] if at_zero > 0 else zero
    at_zero, found = roots(rough, score, low, high)
    maxima = [t for t, from_above in found if from_above] + ([zero] if at_zero <= 0 else [])
    return max(maxima, key=twice_log_likelihood)


def drawn():
    rng = random.Random(5)
    for n in range(24):
        k, p = [(8, 3), (12, 5), (16, 6), (20, 8)][n % 4]
        spread = [0.6, 2.5][n // 4 % 2]
        columns = [[rng.gauss(0, 1) for _ in range(k)] for _ in range(p - 1)]
        v = [math.exp(spread * rng.gauss(0, 1) - 3) for _ in range(k)]
        y = [0.4 + math.sqrt(a + 0.1) * rng.gauss(0, 1) for a in v]
        yield {"name": f"drawn_{n}", "y": y, "v": v, "columns": columns}


def main():
    with open("tau2_wide_designs_found.json") as file:
        cases = json.load(file) + list(drawn())
    for case in cases:
        case["tau2"] = {method: mp.nstr(tau2(case, method), 30) for method in METHODS}
        print(case["name"], case["tau2"], flush=True)
    source = {"tool": "mpmath", "version": mp.__version__, "script": "tau2_wide_designs.py"}
    with open("tau2_wide_designs.json", "w") as out:
        out.write('{"source": %s, "cases": [\n%s\n]}\n' % (json.dumps(source), ",\n".join(json.dumps(c) for c in cases)))


if __name__ == "__main__":
    main()
