"""References for the unconditional models of two groups with random study levels (metafor: UM.RS, cor = FALSE).

    eta_1 = gamma + u + c1 (theta + e),  eta_2 = gamma + u - c2 (theta + e)      (c1, c2) = (1/2, 1/2), (1, 0) or (0, 1)
    u ~ N(0, sigma2),  e ~ N(0, tau2),  independent
    x_ij ~ Binomial(n_ij, expit(eta_j))  or  Poisson(time_ij exp(eta_j))

Jackson, Law, Stijnen, Viechtbauer & White 2018, Stat Med 37:1059, models 4 and 5.  Written down from this definition alone: every integral
over (u, e) is a sum over squares of Gauss-Legendre panels in 80-bit floats (numpy), in coordinates standardised at the mode; derivatives in
gamma, theta and the variances are moments of Hermite polynomials of u / sigma and e / tau (where a variance is 0, of the derivatives of the
counts' own likelihood).  The maximum is looked for from several starts (scipy) and improved by Newton's method until the step is below
1e-15; limits of theta and tau2 likewise, from the equations of the constrained maximum.  Values at the maximum are computed with two numbers of
panels, which have to agree to 1e-15; `check` compares some of them with 30-digit sums (mpmath).

    python glmm_unconditional_random.py              writes glmm_unconditional_random.json beside this file
    python glmm_unconditional_random.py check        compares values of that file with 30 digits
    python glmm_unconditional_random.py boundary     limits where the estimate is 0: printed
"""

import json
import os
import sys
from multiprocessing import Pool

import mpmath
import numpy as np
from mpmath import mp, mpf
from scipy.optimize import minimize

mp.dps = 30
HERE = os.path.dirname(os.path.abspath(__file__))
L = np.longdouble
PI = L("3.14159265358979323846264338327950288")
DROP = L("1.95996398454005423552459443052") ** 2 / 2
SHARES = {"half": (0.5, 0.5), "first": (1.0, 0.0), "second": (0.0, 1.0)}


def legendre(order, digits=40):
    """Nodes and weights on [-1, 1] by Newton's method on the recurrence of Legendre polynomials."""
    old, mp.dps = mp.dps, digits
    nodes = []
    for i in range(1, order + 1):
        x = mp.cos(mp.pi * (i - mpf(1) / 4) / (order + mpf(1) / 2))
        for _ in range(30):
            a, b = mpf(1), x
            for j in range(2, order + 1):
                a, b = b, ((2 * j - 1) * x * b - (j - 1) * a) / j
            slope = order * (x * b - a) / (x * x - 1)
            step = b / slope
            x -= step
            if abs(step) < mpf(10) ** (-digits + 5):
                break
        nodes.append((x, 2 / ((1 - x * x) * slope * slope)))
    mp.dps = old
    return nodes


# What is maximised: minutes each.
CASES = [
    ("hine1989", "half"),
    ("hine1989", "second"),
    ("damico2009", "half"),
    ("collins1985a", "half"),
    ("zeros", "half"),
    ("heterogeneous", "half"),
    ("hart1999", "half"),
    ("nielweise2008", "half"),
    ("differ", "half"),
    ("ivig_two_arm", "half"),
    ("ivig_two_arm", "first"),
    ("sparse_1", "half"),
    ("common_2", "half"),
    ("rates_sparse", "half"),
]

RULE = legendre(20)
LONG = np.array([[L(mp.nstr(v, 25)) for v in pair] for pair in RULE])


def panels(low, high, count):
    ends = np.linspace(L(low), L(high), count + 1)
    half, mid = (ends[1:] - ends[:-1]) / 2, (ends[1:] + ends[:-1]) / 2
    return (mid[:, None] + half[:, None] * LONG[None, :, 0]).ravel(), (half[:, None] * LONG[None, :, 1]).ravel()


class Arm:
    def __init__(self, kind, x, size):
        self.kind, self.x, self.n = kind, L(x), L(size)
        x, n = mpf(x), mpf(size)
        if kind == "poisson":
            self.exact_constant = x * mp.log(n) - mp.loggamma(x + 1)
        else:
            self.exact_constant = mp.loggamma(n + 1) - mp.loggamma(x + 1) - mp.loggamma(n - x + 1)
        self.constant = L(mp.nstr(self.exact_constant, 25))

    def at(self, eta):
        """Logarithm and two derivatives."""
        if self.kind == "poisson":
            m = self.n * np.exp(np.minimum(eta, L(700)))
            return self.constant + self.x * eta - m, self.x - m, -m
        e = np.exp(-abs(eta))
        p = np.where(eta > 0, 1 / (1 + e), e / (1 + e))
        return self.constant + self.x * eta - self.n * (np.maximum(eta, 0) + np.log1p(e)), self.x - self.n * p, -self.n * e / (1 + e) ** 2

    def exact(self, eta):
        if self.kind == "poisson":
            return self.exact_constant + mpf(float(self.x)) * eta - mpf(float(self.n)) * mp.exp(eta)
        return self.exact_constant + mpf(float(self.x)) * eta - mpf(float(self.n)) * (max(eta, 0) + mp.log1p(mp.exp(-abs(eta))))


class Study:
    def __init__(self, kind, row, c):
        self.arms = [Arm(kind, *row[:2]), Arm(kind, *row[2:])]
        self.c = [L(v) for v in c]
        self.z = np.zeros(2, dtype=L)

    def root(self, s2, t2):
        s, t = np.sqrt(L(s2)), np.sqrt(L(t2))
        return np.array([[s, self.c[0] * t], [s, -self.c[1] * t]])

    def mode(self, m, r):
        """Mode of the standardised effects and the inverse of Cholesky's factor of the information there."""
        def h(z):
            eta = m + r @ z
            one, two = self.arms[0].at(eta[0]), self.arms[1].at(eta[1])
            return one[0] + two[0] - z @ z / 2, r.T @ np.array([one[1], two[1]]) - z, np.array([one[2], two[2]])

        def inverse(w):
            a, b, c = (1 - w[0] * r[0, i] * r[0, j] - w[1] * r[1, i] * r[1, j] for i, j in ((0, 0), (0, 1), (1, 1)))
            b -= 1
            return np.array([[c, -b], [-b, a]]) / (a * c - b * b)

        z = self.z if np.isfinite(self.z).all() and h(self.z)[0] > h(0 * self.z)[0] else 0 * self.z
        value, g, w = h(z)
        for _ in range(500):
            step = inverse(w) @ g
            if g @ step < 1e-12:
                break
            share = L(1)
            while not h(z + share * step)[0] > value and share > 1e-12:
                share /= 3
            if share <= 1e-12:
                break
            z = z + share * step
            value, g, w = h(z)
        self.z = z
        v = inverse(w)
        a = np.sqrt(v[0, 0])
        b = v[0, 1] / a
        return z, np.array([[a, L(0)], [b, np.sqrt(v[1, 1] - b * b)]]), value

    def nodes(self, m, s2, t2, count):
        """Standardised effects, logarithms of weights times integrand, and both groups' derivatives; one row for each node."""
        r = self.root(s2, t2)
        z, factor, top = self.mode(m, r)
        def value(w):
            to = z[:, None] + factor @ w
            eta = m[:, None] + r @ to
            return self.arms[0].at(eta[0])[0] + self.arms[1].at(eta[1])[0] - (to * to).sum(axis=0) / 2
        box = np.array([[-9.5, 9.5], [-9.5, 9.5]])
        if s2 <= 0 or t2 <= 0:
            box[0 if s2 <= 0 else 1] = 0  # This effect plays no part: its own integral is 1.
        edge = np.linspace(-1, 1, 41)
        for _ in range(60):
            grown = False
            for i in (0, 1):
                for side in (0, 1):
                    if box[i, side] == 0:
                        continue
                    other = np.linspace(box[1 - i, 0], box[1 - i, 1], 61)
                    w = np.zeros((2, len(other)), dtype=L)
                    w[i], w[1 - i] = box[i, side], other
                    if np.max(value(w)) > top - 46:
                        box[i, side] *= 1.25
                        grown = True
            if not grown:
                break
        axes = [panels(*box[i], count) if box[i, 1] > 0 else (np.zeros(1, dtype=L), np.ones(1, dtype=L)) for i in (0, 1)]
        w = np.array([np.repeat(axes[0][0], len(axes[1][0])), np.tile(axes[1][0], len(axes[0][0]))])
        weight = np.repeat(axes[0][1], len(axes[1][0])) * np.tile(axes[1][1], len(axes[0][0]))
        to = z[:, None] + factor @ w
        if s2 <= 0 or t2 <= 0:
            # One dimension, along its own axis.
            i = 1 if s2 <= 0 else 0
            to = np.zeros_like(w)
            to[i] = z[i] + factor_one(self, m, r, z, i) * w[i]
            jacobian = factor_one(self, m, r, z, i) / np.sqrt(2 * PI)
        else:
            jacobian = factor[0, 0] * factor[1, 1] / (2 * PI)
        eta = m[:, None] + r @ to
        one, two = self.arms[0].at(eta[0]), self.arms[1].at(eta[1])
        log = one[0] + two[0] - (to * to).sum(axis=0) / 2
        return to, log, weight * jacobian, one, two

    def derivatives(self, point, count):
        """ln L, gradient and Hessian in (theta, gamma, sigma2, tau2); second derivatives in variances that are 0 are left at 0."""
        theta, gamma, s2, t2 = (L(v) for v in point)
        c1, c2 = self.c
        m = np.array([gamma + c1 * theta, gamma - c2 * theta])
        if s2 <= 0 and t2 <= 0:
            one, two = (self.arms[i].at(m[i]) for i in (0, 1))
            one, two = [np.array([v]) for v in one], [np.array([v]) for v in two]
            to, log, weight = np.zeros((2, 1), dtype=L), one[0] + two[0], np.ones(1, dtype=L)
        else:
            to, log, weight, one, two = self.nodes(m, s2, t2, count)
        top = np.max(log)
        w = weight * np.exp(log - top)
        total = np.sum(w)
        mean = lambda f: np.sum(w * f) / total
        value = top + np.log(total)
        # Operators of the level and of the effect, each either by Hermite polynomials or by the data.
        def powers(v, z, d1, d2):
            if v > 0:
                s = np.sqrt(v)
                return [1, z / s, (z * z - 1) / v, (z**3 - 3 * z) / (v * s), (z**4 - 6 * z * z + 3) / (v * v)]
            return [1, d1, d2 + d1 * d1, None, None]
        level = powers(s2, to[0], one[1] + two[1], one[2] + two[2])
        effect = powers(t2, to[1], c1 * one[1] - c2 * two[1], c1 * c1 * one[2] + c2 * c2 * two[2])
        mixed_by_data = None
        if s2 <= 0 and t2 <= 0:
            mixed_by_data = c1 * one[2] - c2 * two[2] + level[1] * effect[1]
        operators = [(0, 1, 1), (1, 0, 1), (2, 0, L(1) / 2), (0, 2, L(1) / 2)]
        def apply(a, b):
            if mixed_by_data is not None and a and b:
                return mean(mixed_by_data) if (a, b) == (1, 1) else L(0)
            f, g = level[a], effect[b]
            return L(0) if f is None or g is None else mean(f * g)
        g = np.array([k * apply(a, b) for a, b, k in operators])
        h = np.array([[k * j * apply(a + c, b + d) for c, d, j in operators] for a, b, k in operators]) - np.outer(g, g)
        return value, g, h


def factor_one(study, m, r, z, i):
    """Standard deviation by curvature of one standardised effect, the other being out of play."""
    eta = m + r[:, i] * z[i]
    w = [study.arms[a].at(eta[a])[2] for a in (0, 1)]
    return 1 / np.sqrt(1 - w[0] * r[0, i] ** 2 - w[1] * r[1, i] ** 2)


class Problem:
    def __init__(self, kind, rows, coding, count=5):
        self.kind, self.rows, self.coding, self.count = kind, rows, coding, count
        self.studies = [Study(kind, row, SHARES[coding]) for row in rows]

    def at(self, point, count=None):
        each = [s.derivatives(point, count or self.count) for s in self.studies]
        return sum(e[0] for e in each), sum(e[1] for e in each), sum(e[2] for e in each)

    def newton(self, point, equations, free):
        """Solves for the free parameters: gradient 0 for those in `equations`, or the value for the one that is a pair."""
        point = np.array([L(v) for v in point])
        before = np.inf
        for _ in range(60):
            value, g, h = self.at(point)
            left, right = [], []
            for e in equations:
                if isinstance(e, tuple):
                    left.append(g[free])
                    right.append(e[1] - value)
                else:
                    left.append(h[e][free])
                    right.append(-g[e])
            step = solve(np.array(left), np.array(right))
            for i, p in enumerate(free):
                if p >= 2:
                    step[i] = np.clip(step[i], -L(0.75) * point[p], 3 * point[p])
                else:
                    step[i] = np.clip(step[i], -2, 2)
                point[p] += step[i]
            size = max(abs(step[i]) / (abs(point[p]) if p >= 2 else 1) for i, p in enumerate(free))
            if size < 1e-15 or (size < 1e-12 and size >= before):
                return point
            if any(point[p] < 1e-10 for p in free if p >= 2):
                raise ArithmeticError("a variance goes to 0")
            before = size
        raise ArithmeticError("Newton's method does not settle")

    def best(self, held):
        """The best with some parameters held ({index: value}), from several starts; variances of 0 are tried as such."""
        free = [p for p in range(4) if p not in held]
        def f(x):
            point = np.zeros(4)
            point[free] = x
            for p, v in held.items():
                point[p] = v
            with np.errstate(all="ignore"):
                value, g, _ = self.at(point, 3)
            if not np.isfinite(value):
                return 1e10, np.zeros(len(free))
            return -float(value), -g[free].astype(float)
        found = []
        for s2, t2 in ((0.3, 0.1), (0.02, 1.0), (3.0, 0.0)):
            start = np.array([self.guess[0], self.guess[1], s2, t2])[free]
            bounds = [(None, None) if p < 2 else (0, 1e4) for p in free]
            found.append(minimize(f, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 200, "ftol": 1e-13, "gtol": 1e-7}))
        rough = min(found, key=lambda r: r.fun)
        point = np.zeros(4)
        point[free] = rough.x
        for p, v in held.items():
            point[p] = v
        return self.polish(point, held)

    def polish(self, point, held):
        """Newton's method from a place near the maximum; variances that end at 0 have to slope inwards there."""
        at_zero = [p for p in (2, 3) if p not in held and point[p] < 1e-5]
        for p in at_zero:
            point[p] = 0
        free = [p for p in range(4) if p not in held and p not in at_zero]
        while True:
            point = self.newton(point, free, free)
            value, g, h = self.at(point)
            fine = self.at(point, int(1.5 * self.count) + 1)
            if abs(fine[0] - value) < 1e-16 * max(1, abs(value)) * 10:
                break
            self.count = int(1.5 * self.count) + 1
            assert self.count < 60
        for p in at_zero:
            assert g[p] <= 0, "the maximum is not at 0"
        return point, value, h, free

    @property
    def guess(self):
        def link(x, n):
            return np.log((x + 0.5) / (n if self.kind == "poisson" else n - x + 0.5))
        one, two = (np.mean([link(r[i], r[i + 1]) for r in self.rows]) for i in (0, 2))
        c1, c2 = SHARES[self.coding]
        return one - two, c2 * one + c1 * two

    def limit(self, p, point, value, h, direction):
        """Where the profile of parameter p has fallen by DROP, following the constrained maximum outwards."""
        free = [q for q in range(4) if point[q] > 0 or q < 2]
        start = point.copy()
        if p not in free:
            free.append(p)
            start[p] = 0.05
            unit = 0.2
        else:
            rows = free
            unit = np.sqrt(invert(-h[np.ix_(rows, rows)])[rows.index(p), rows.index(p)])
        last = L(0)
        place = start
        for share in (0.3, 0.6, 0.85, 1.0):
            target = value - DROP * L(share) ** 2
            guess = place.copy()
            guess[p] += direction * unit * (share - last) * np.sqrt(2 * DROP)
            if p >= 2:
                guess[p] = max(guess[p], place[p] / 3)
            others = [q for q in free if q != p]
            for attempt in range(4):
                try:
                    with np.errstate(all="ignore"):
                        place = self.newton(guess, [q for q in others] + [("value", target)], others + [p])
                    break
                except ArithmeticError as e:
                    # One of the variances goes to 0 on the way: held there.
                    gone = [q for q in others if q >= 2]
                    if "variance" not in str(e) or not gone:
                        raise
                    smallest = min(gone, key=lambda q: guess[q])
                    guess[smallest] = 0
                    others.remove(smallest)
                    free = [q for q in free if q != smallest]
            last = share
        # A variance that is 0 at the maximum, or was on the way, but not here.
        for start in (0.03, 0.2, 1.0):
            wanting = [q for q in (2, 3) if q != p and place[q] == 0 and self.at(place)[1][q] > 0]
            if not wanting:
                break
            guess = place.copy()
            guess[wanting] = start
            rows = [q for q in (0, 1, 2, 3) if q != p and (q < 2 or guess[q] > 0)]
            try:
                place = self.newton(guess, rows + [("value", value - DROP)], rows + [p])
            except ArithmeticError:
                continue
        assert all(q == p or place[q] > 0 or self.at(place)[1][q] <= 0 for q in (2, 3)), "a variance should not be 0 at this limit"
        assert direction * (place[p] - point[p]) > 0
        return place[p]


def solve(a, b):
    """Gaussian elimination in 80 bits, with one refinement."""
    n = len(b)
    m = np.concatenate([a, b[:, None]], axis=1)
    for i in range(n):
        j = i + int(np.argmax(abs(m[i:, i])))
        m[[i, j]] = m[[j, i]]
        for r in range(i + 1, n):
            m[r] = m[r] - m[i] * (m[r, i] / m[i, i])
    x = np.zeros(n, dtype=L)
    for i in reversed(range(n)):
        x[i] = (m[i, n] - m[i, i + 1 : n] @ x[i + 1 :]) / m[i, i]
    return x


def invert(a):
    return np.array([solve(a.copy(), np.eye(len(a), dtype=L)[i]) for i in range(len(a))]).T


def text(x):
    return np.format_float_scientific(L(x), precision=20, trim="-")


def simulated(seed, k, low, high, gamma, theta, sigma, tau, kind="logit"):
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(k):
        u, e = sigma * rng.standard_normal(), tau * rng.standard_normal()
        n1, n2 = (int(v) for v in rng.integers(low, high, 2))
        eta = gamma + u + (theta + e) / 2, gamma + u - (theta + e) / 2
        if kind == "poisson":
            x = [int(rng.poisson(n * np.exp(v))) for n, v in zip((n1, n2), eta)]
        else:
            x = [int(rng.binomial(n, 1 / (1 + np.exp(-v)))) for n, v in zip((n1, n2), eta)]
        rows.append([x[0], n1, x[1], n2])
    return rows


def sets():
    with open(os.path.join(HERE, "glmm_unconditional_metafor.json")) as f:
        cases = json.load(f)["cases"]
    known = {}
    for case in cases:
        known[case["name"]] = (case["kind"], case["rows"])
    known["ivig_two_arm"] = ("logit", [[9, 12, 0, 11], [37, 47, 21, 48]])
    known["nielweise2007"] = ("logit", [[0, 116, 3, 117], [1, 44, 3, 35], [2, 208, 9, 195], [0, 130, 7, 136], [5, 151, 6, 157], [1, 98, 4, 139],
        [1, 174, 3, 177], [1, 74, 2, 39], [1, 97, 19, 103], [1, 113, 2, 122]])
    known["double_zero"] = ("logit", [[0, 12, 4, 15], [3, 20, 0, 18], [0, 30, 0, 31], [2, 9, 5, 8], [0, 14, 0, 13]])
    known["one_side"] = ("logit", [[0, 40, 2, 41], [0, 35, 1, 30], [1, 50, 3, 52], [0, 60, 0, 55], [0, 20, 4, 25]])
    known["sparse_1"] = ("logit", simulated(1, 8, 20, 120, -4.0, -0.5, 0.6, 0.5))
    known["sparse_2"] = ("logit", simulated(2, 12, 30, 100, -3.5, 0.7, 0.9, 0.9))
    known["common_1"] = ("logit", simulated(3, 10, 40, 300, -0.5, -0.4, 0.5, 0.3))
    known["common_2"] = ("logit", simulated(4, 6, 200, 900, 0.8, 0.2, 1.2, 0.8))
    known["rates_sparse"] = ("poisson", simulated(5, 9, 200, 900, -5.5, -0.6, 0.7, 0.6, "poisson"))
    known["rates_common"] = ("poisson", simulated(6, 7, 50, 400, -1.0, 0.3, 0.6, 0.4, "poisson"))
    return known


def points():
    """Log-likelihoods at given parameters: (set, coding, theta, gamma, sigma2, tau2)."""
    rows = []
    ordinary = [(-0.7, -2.5, 0.4, 0.3), (0.2, -1.0, 1.5, 0.05), (-1.5, -3.0, 0.02, 2.0), (0.0, -2.0, 0.0, 0.7), (-0.3, -1.5, 0.9, 0.0),
                (-0.4, -2.2, 1e-6, 1e-4), (1.0, 0.5, 6.0, 4.0), (-0.5, -2.0, 0.3, 1e-8), (-0.5, -2.0, 0.0, 0.0)]
    for name in sets():
        for i, place in enumerate(ordinary):
            if (i + len(name)) % 2 == 0:
                continue
            rows.append((name, ("half", "first", "second")[(i // 2 + len(name)) % 3], *place))
    for name in ("zeros", "double_zero", "one_side", "heterogeneous"):
        rows += [(name, "half", -1.0, -2.0, 30.0, 25.0), (name, "first", -1.0, -2.0, 10.0, 60.0), (name, "half", -1.0, -2.0, 60.0, 0.2)]
    for name in ("common_2", "heterogeneous", "rates_common", "zeros"):
        rows += [(name, "half", 0.5, -1.0, 1e3, 0.0), (name, "half", 0.5, -1.0, 0.0, 1e3), (name, "first", 3.0, 2.0, 1e5, 0.0)]
    for name in ("common_2", "rates_common", "bcg"):
        rows += [(name, "half", 0.5, -1.0, 1e3, 1e3), (name, "first", 0.5, -1.0, 1e4, 1e-3), (name, "second", 0.5, -1.0, 1e-3, 1e4)]
    return rows


def value_at(kind, rows, coding, place):
    """To 1e-16 of itself, by as many panels as that takes."""
    total = L(0)
    for row in rows:
        study = Study(kind, row, SHARES[coding])
        count, before = 7, None
        while True:
            value = study.derivatives(place, count)[0]
            if before is not None and abs(value - before) < 1e-16 * max(1, abs(value)) * 5:
                break
            assert count < 400, (row, place, float(value - before))
            before, count = value, int(count * 1.5) + 1
        total += value
    return total


def one_value(task):
    name, coding, *place = task
    value = value_at(*sets()[name], coding, place)
    print(name, coding, place, text(value), flush=True)
    return {"name": name, "coding": coding, "at": place, "ll": text(value)}


def one_case(task):
    name, kind, rows, coding = task
    problem = Problem(kind, rows, coding)
    point, value, h, free = problem.best({})
    zero, zero_value, zero_h, _ = problem.best({3: 0.0})
    if point[3] <= 0 or zero_value > value:
        point, value, h, free = zero, zero_value, zero_h, [p for p in range(4) if zero[p] > 0 or p < 2]
    inverse = invert(-h[np.ix_(free, free)])
    se = [text(np.sqrt(inverse[free.index(p), free.index(p)])) if p in free else None for p in range(4)]
    case = {"name": name, "kind": kind, "coding": coding, "rows": rows, "at": [text(v) for v in point], "se": se, "ll": text(value),
            "zero": [text(v) for v in zero], "ll0": text(zero_value), "zero_se": text(np.sqrt(invert(-zero_h[:2, :2] if zero[2] <= 0 else -zero_h[:3, :3])[0, 0]))}
    for key, p, direction in (("theta_lower", 0, -1), ("theta_upper", 0, 1), ("tau2_upper", 3, 1), ("tau2_lower", 3, -1)):
        if key == "tau2_lower" and zero_value >= value - DROP:
            case[key] = "0"
            continue
        try:
            case[key] = text(problem.limit(p, point, value, h, direction))
        except (ArithmeticError, AssertionError) as e:
            case[key] = None
            print("   ", name, coding, key, repr(e), flush=True)
    print(json.dumps(case), flush=True)
    return case


def main():
    known = sets()
    tasks = [(name, *known[name], coding) for name, coding in CASES]
    with Pool(3) as pool:
        cases = pool.map(one_case, tasks, chunksize=1)
        values = pool.map(one_value, points(), chunksize=1)
    with open(os.path.join(HERE, "glmm_unconditional_random.json"), "w") as f:
        head = '{"source": "numpy %s (80-bit floats), mpmath %s, glmm_unconditional_random.py",\n' % (np.__version__, mpmath.__version__)
        f.write(head + '"sets": {\n' + ",\n".join(f"{json.dumps(n)}: {json.dumps({'kind': k, 'rows': r})}" for n, (k, r) in known.items()) + "},\n")
        f.write('"values": [\n' + ",\n".join(json.dumps(v) for v in values) + "],\n")
        f.write('"cases": [\n' + ",\n".join(json.dumps(c) for c in cases) + "]}\n")


def exact_value(study, place, count=10):
    """ln L in 30 digits, over the box of a standardised Gauss-Legendre rule that is not that of the floats above."""
    theta, gamma, s2, t2 = (mpf(v) for v in place)
    c1, c2 = (mpf(float(v)) for v in study.c)
    s, t = mp.sqrt(s2), mp.sqrt(t2)
    m = np.array([L(mp.nstr(gamma + c1 * theta, 25)), L(mp.nstr(gamma - c2 * theta, 25))])
    z, factor, top = study.mode(m, study.root(L(mp.nstr(s2, 25)), L(mp.nstr(t2, 25))))
    a, b, c = mpf(float(factor[0, 0])), mpf(float(factor[1, 0])), mpf(float(factor[1, 1]))
    z0, z1 = mpf(float(z[0])), mpf(float(z[1]))
    width = mpf(24) / count
    axis = [(-12 + width * (j + (x + 1) / 2), w * width / 2) for j in range(count) for x, w in RULE]
    total = mpf(0)
    for w1, k1 in axis:
        y0 = z0 + a * w1
        for w2, k2 in axis:
            if w1 * w1 + w2 * w2 > 200:
                continue
            y1 = z1 + b * w1 + c * w2
            u, e = s * y0, theta + t * y1
            log = study.arms[0].exact(gamma + u + c1 * e) + study.arms[1].exact(gamma + u - c2 * e) - (y0 * y0 + y1 * y1) / 2
            total += k1 * k2 * mp.exp(log - mpf(float(top)))
    return mpf(float(top)) + mp.log(total * a * c / (2 * mp.pi))


def check():
    with open(os.path.join(HERE, "glmm_unconditional_random.json")) as f:
        file = json.load(f)
    for case in file["cases"]:
        if case["name"] in ("zeros", "damico2009", "differ") and float(case["at"][2]) > 0 and float(case["at"][3]) > 0:
            exact = sum(exact_value(Study(case["kind"], row, SHARES[case["coding"]]), case["at"]) for row in case["rows"])
            print(case["name"], case["coding"], mp.nstr(exact, 22), case["ll"], mp.nstr(exact - mpf(case["ll"]), 3), flush=True)


def boundary():
    """No events in the first group: where the likelihood with tau2 = 0 is exp(-DROP) of its supremum, at theta = minus infinity."""
    rows = [[0, 12, 4, 15], [0, 20, 3, 18], [0, 9, 5, 8], [0, 30, 0, 31]]
    for kind in ("logit", "poisson"):
        problem = Problem(kind, rows, "first")
        value = lambda theta: problem.best({0: theta, 3: 0.0})[1]
        target = value(L(-200)) - DROP
        low, high = L(-8), L(3)
        a, b = value(low) - target, value(high) - target
        assert a > 0 > b
        for i in range(80):
            mid = (low + high) / 2 if i % 3 == 2 else high - b * (high - low) / (b - a)
            c = value(mid) - target
            if abs(c) < 1e-16 or abs(high - low) < 1e-16:
                break
            if c > 0:
                low, a = mid, c
            else:
                high, b = mid, c
        print(kind, text(np.exp(mid)), flush=True)


if __name__ == "__main__":
    {"check": check, "boundary": boundary}.get("".join(sys.argv[1:]), main)()
