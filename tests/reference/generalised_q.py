"""Truth for weighted sums of chi-squared variables and generalised-Q intervals, with mpmath. Run here: python3 generalised_q.py

Own derivation, no package involved, and no contour, saddle point or secular equation as in the crate. Inputs are exact doubles (repr).
With p_j = 1/(2 lambda_j), the Laplace transform of the distribution function is L(z)/z, L(z) = prod (1 + z/p_j)^(-1/2). Two routes:

series  for any weights, x / min lambda moderate: L(z)/z is expanded in 1/z and inverted term by term,
        F(x) = prod p_j^(1/2) sum_n c_n x^(n + k/2) / Gamma(n + k/2 + 1), where sum c_n z^-n = prod (1 + p_j/z)^(-1/2);
        n c_n = sum_m q_m c_(n-m), q_m = -1/2 sum_j p_j (-p_j)^(m-1). Alternating, so the precision is raised by the size of the terms.
cut     for distinct weights: the contour is collapsed on the cut, which leaves real integrals over every second gap between the p_j,
        P(X > x) = 1/pi sum_m (-1)^m int_{p_(2m+1)}^{p_(2m+2)} exp(-xt) / (t sqrt(prod |1 - t/p_j|)) dt   (p ascending, p_(k+1) = inf)

Where both apply they are compared here to 25 digits. Interval ends: eigenvalues of S^(1/2) A S^(1/2) from mpmath's symmetric solver,
the root in tau2 by bisection and secant.
"""
import json
import random
import mpmath as mp

random.seed(20130401)


def text(x):
    return mp.nstr(x, 25, strip_zeros=True, min_fixed=-4, max_fixed=15)


# ---- distribution ---------------------------------------------------------------------------------
def series(x, lam, digits=40):
    """P(X <= x); with 2 * digits beyond the size of the terms, so the upper tail has `digits` where it is above 10^-digits."""
    old = mp.mp.dps
    size = float(x) / float(2 * min(lam)) * len(lam) ** 0.5
    mp.mp.dps = int(2 * digits + 20 + 2 * size / 2.3)
    x, lam = mp.mpf(x), [mp.mpf(l) for l in lam]
    p = [1 / (2 * l) for l in lam]
    k = len(lam)
    half = mp.mpf(k) / 2
    c, q, powers = [mp.mpf(1)], [], [-pj / 2 for pj in p]
    term = mp.fprod(mp.sqrt(pj) for pj in p) * x ** half / mp.gamma(half + 1)
    total, n = term, 0
    scale = term
    while True:
        n += 1
        q.append(mp.fsum(powers))
        powers = [-w * pj for w, pj in zip(powers, p)]
        c.append(mp.fdot((q[m], c[n - 1 - m]) for m in range(n)) / n)
        scale *= x / (half + n)
        add = c[n] * scale
        total += add
        if n > size and abs(add) < mp.mpf(10) ** -(mp.mp.dps - 10) * abs(total):
            break
    mp.mp.dps = old
    return total


def series_tails(x, lam):
    old = mp.mp.dps
    mp.mp.dps = 400
    f = series(x, lam)
    tails = f, 1 - f
    mp.mp.dps = old
    return tails


def cut(x, lam, digits=40):
    """P(X > x) to an absolute error of 10^-digits relative to the largest term; distinct weights."""
    old = mp.mp.dps
    mp.mp.dps = digits + 10
    x = mp.mpf(x)
    p = sorted(1 / (2 * mp.mpf(l)) for l in lam)
    k = len(p)

    def rest(t, skip):
        return t * mp.sqrt(mp.fprod(abs(1 - t / p[j]) for j in range(k) if j not in skip))

    total, sign = mp.mpf(0), 1
    for m in range(0, k, 2):
        if m + 1 < k:
            a, b = p[m], p[m + 1]
            mid = min((a + b) / 2, 2 * a)

            def left(w):  # t = a + w^2
                t = a + w * w
                return 2 * mp.exp(-x * (t - p[0])) * mp.sqrt(a * b / (b - t)) / rest(t, (m, m + 1))

            def right(w):  # t = b - w^2
                t = b - w * w
                return 2 * mp.exp(-x * (t - p[0])) * mp.sqrt(a * b / (t - a)) / rest(t, (m, m + 1))

            part = dyadic(left, mp.sqrt(mid - a)) + dyadic(right, mp.sqrt(b - mid), fine=min(b, 1 / x))
        else:
            a = p[m]

            def tail(w):
                t = a + w * w
                return 2 * mp.exp(-x * (t - p[0])) * mp.sqrt(a) / rest(t, (m,))

            part = dyadic(tail, mp.sqrt((digits + 20) * mp.mpf("2.5") / x))
        total += sign * part
        sign = -sign
    mp.mp.dps = old
    return total * mp.exp(-x * p[0]) / mp.pi


def dyadic(f, end, fine=None):
    """Integral on [0, end], pieces halving towards 0 and, if `fine` is given, towards `end`."""
    points = [end / 2 ** j for j in range(20)][::-1]
    if fine is not None:
        step, extra = end, []
        while step * end > fine / 8:
            step /= 4
            extra.append(end - step)
        points = sorted(set(points + extra))
    return mp.quad(f, [0] + points)


def check(a, b):
    assert abs(a / b - 1) < mp.mpf(10) ** -25, (a, b)


# ---- pinned values of the distribution ------------------------------------------------------------
def rows():
    out = []
    mp.mp.dps = 50

    def add(x, lam, lower, upper):
        out.append({"x": x, "lambda": lam, "cdf": text(lower), "sf": text(upper)})

    sets = [
        [1.0],
        [1.0, 1.0, 1.0],
        [2.0, 1.0],
        [1.0, 0.5, 0.25],
        [3.0, 3.0, 1.0, 1.0, 0.5],
        [6.0, 3.0, 1.0, 1.0, 1.0, 0.7, 0.7, 0.3],
        [1.0] * 11 + [0.9],
        [round(random.uniform(0.2, 2.0), 3) for _ in range(20)],
        [1.0, 1.0 - 2.0 ** -40, 1.0 - 2.0 ** -20],
        [7.0e-9, 2.0e-9, 5.5e-9, 5.5e-9],
    ]
    for lam in sets:
        mean = sum(lam)
        for factor in (1e-60, 1e-7, 1e-2, 0.3, 0.9, 1.1, 3.0, 8.0):
            x = mean * factor
            if x / min(lam) < 60:
                add(x, lam, *series_tails(x, lam))
    for lam, x in (([1.0, 0.5, 0.25], 300.0), ([3.0, 2.0, 1.0], 600.0), ([2.0, 1.0], 2400.0)):
        upper = cut(x, lam, 30)
        add(x, lam, 1 - upper, upper)
    # Far apart, distinct: the upper tail needs no more digits than its own, the lower tail is its complement.
    wide = [[1.0, 1e-4], [1.0, 1e-12], [1.0, 1e-6, 1e-12], [1.0, 0.9, 1e-3, 1e-5], [5.0, 1e-2, 3e-5, 1e-8, 5e-12]]
    for lam in wide:
        for x in (1e-8, 1e-3, 0.5, 2.0, 30.0, 1200.0):
            upper = cut(x, lam, 34)
            lower = 1 - upper
            add(x, lam, lower, upper)
    for lam, x in (([2.0, 1.0], 3.0), ([1.0, 0.5, 0.25], 2.0), ([1.0, 0.5, 0.25], 0.01), ([1.0, 0.6, 0.5, 0.2], 4.0)):
        check(cut(x, lam), series_tails(x, lam)[1])
    return out


# ---- intervals ------------------------------------------------------------------------------------
def weights_of(kind, v):
    if kind == "inverse_variance":
        return [1 / x for x in v]
    if kind == "inverse_se":
        return [1 / mp.sqrt(x) for x in v]
    if kind == "equal":
        return [mp.mpf(1)] * len(v)
    return [mp.mpf(x) for x in kind]


def eigenvalues(a, s):
    k, total = len(a), mp.fsum(a)
    m = mp.matrix(k, k)
    for i in range(k):
        for j in range(k):
            m[i, j] = mp.sqrt(s[i] * s[j]) * ((a[i] if i == j else 0) - a[i] * a[j] / total)
    values = sorted(mp.eigsy(m, eigvals_only=True), reverse=True)
    return values[: k - 1]


def upper_tail(q, lam):
    k = len(lam)
    if max(lam) / min(lam) - 1 < mp.mpf(10) ** -20:
        return mp.gammainc(mp.mpf(k) / 2, q / (2 * lam[0]), mp.inf, regularized=True)
    gaps = [1 - b / a for a, b in zip(lam, lam[1:])]
    if min(gaps) > mp.mpf(10) ** -4 or q / min(lam) > 150:
        return cut(q, lam, 18)
    return 1 - series(q, lam, 20)


def interval(y, v, kind, upper, lower):
    mp.mp.dps = 30
    y, v = [mp.mpf(x) for x in y], [mp.mpf(x) for x in v]
    upper, lower = mp.mpf(upper), mp.mpf(lower)
    a = weights_of(kind, v)
    mean = mp.fdot(a, y) / mp.fsum(a)
    q = mp.fsum(ai * (yi - mean) ** 2 for ai, yi in zip(a, y))

    def p(tau2):
        return upper_tail(q, eigenvalues(a, [x + tau2 for x in v]))

    at_zero = p(mp.mpf(0))
    if at_zero > 1 - lower:
        return q, at_zero, None

    def root(target):
        lo, hi = mp.mpf(0), mp.fsum(v) / len(v)
        while p(hi) < target:
            lo, hi = hi, 4 * hi
        for _ in range(8):
            mid = (lo + hi) / 2
            lo, hi = (mid, hi) if p(mid) < target else (lo, mid)
        x0, x1 = lo, hi
        f0, f1 = p(x0) - target, p(x1) - target
        for _ in range(20):
            x2 = x1 - f1 * (x1 - x0) / (f1 - f0)
            x0, f0, x1 = x1, f1, x2
            if abs(x1 - x0) < mp.mpf(10) ** -14 * x1:
                return x1
            f1 = p(x1) - target
        raise ArithmeticError("no convergence")

    return q, at_zero, (mp.mpf(0) if at_zero >= upper else root(upper), root(1 - lower))


def data():
    import math
    bcg = [(4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
           (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232), (17, 1699, 65, 1600),
           (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825)]
    y = [math.log(a / (a + b) * (c + d) / c) for a, b, c, d in bcg]
    v = [1 / a - 1 / (a + b) + 1 / c - 1 / (c + d) for a, b, c, d in bcg]
    sets = [("BCG, log risk ratios", y, v), ("BCG, first seven", y[:7], v[:7])]
    sets.append(("two studies", [0.1, 1.4], [0.04, 0.09]))
    sets.append(("two modes", [-0.2683, -0.6069, -0.4356, 0.6483, -0.2211, -0.2508],
                 [1.12079, 0.08715, 0.10021, 0.11632, 0.03057, 0.01591]))
    sets.append(("homogeneous", [0.31, 0.28, 0.35, 0.30], [0.05, 0.11, 0.07, 0.20]))
    sets.append(("consistent with 0", [0.5, 0.1, -0.2, 0.4], [0.05, 0.11, 0.07, 0.20]))
    sets.append(("five orders of magnitude", [0.5, 1.1, -0.7], [1e-5, 0.02, 1.3]))
    return sets


def intervals():
    out = []
    for name, y, v in data():
        kinds = ["inverse_variance", "inverse_se", "equal"]
        if name == "two studies":
            kinds = ["inverse_variance"]
        if name == "BCG, first seven":
            kinds = [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]]
        for kind in kinds:
            tails = [(0.025, 0.025)]
            if name == "two modes":
                tails.append((0.01, 0.04))
            for upper, lower in tails:
                q, at_zero, ends = interval(y, v, kind, upper, lower)
                row = {"name": name, "y": y, "v": v, "weights": kind, "upper_tail": upper, "lower_tail": lower, "q": text(q)}
                row["upper_at_zero"] = text(at_zero)
                row["interval"] = None if ends is None else [text(x) for x in ends]
                out.append(row)
                print(name, kind, upper, row["interval"], flush=True)
    return out


if __name__ == "__main__":
    quadratic = rows()
    print(len(quadratic), "values", flush=True)
    result = {"source": "mpmath " + mp.__version__ + ", generalised_q.py", "quadratic_form": quadratic}
    result["intervals"] = intervals()
    with open("generalised_q.json", "w") as file:
        file.write("{\n")
        file.write('"source": ' + json.dumps(result["source"]) + ",\n")
        for key, last in (("quadratic_form", ","), ("intervals", "")):
            lines = ",\n".join(json.dumps(row) for row in result[key])
            file.write(f'"{key}": [\n{lines}\n]{last}\n')
        file.write("}\n")
