"""References for the unconditional models of two groups with fixed study levels (metafor: UM.FS).

    eta_1 = a_i + c1 theta_i,  eta_2 = a_i - c2 theta_i,  theta_i ~ N(mu, t)          (c1, c2) = (1/2, 1/2) or (1, 0)
    x_ij ~ Binomial(n_ij, expit(eta_j))  or  Poisson(time_ij exp(eta_j))

Jackson, Law, Stijnen, Viechtbauer & White 2018, Stat Med 37:1059.  Written down from this definition alone: every integral over theta is
a sum of Gauss-Legendre panels. Places (a_i, mu, t) are found in 80-bit floats (numpy) and then improved by a Newton step on a 30-digit
evaluation (mpmath) in all of (a_1 .. a_k, mu, t); the step has to be below 1e-11 relative, so that its error is below 1e-20. The
log-likelihood at the maximum is computed with two panel rules, which have to agree to 1e-16.

    python glmm_unconditional.py              writes glmm_unconditional.json beside this file; needs numpy, scipy and mpmath
    python glmm_unconditional.py boundary     limits where the estimate is 0: printed
    python glmm_unconditional.py profiles     single studies far out: writes glmm_unconditional_profiles.json
"""

import json
import math
import os
import random
import sys

import numpy as np
from mpmath import mp, mpf

mp.dps = 30
HERE = os.path.dirname(os.path.abspath(__file__))
L = np.longdouble
Z = mpf("1.95996398454005423552459443052")  # normal quantile 0.975
DROP = Z * Z / 2


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


RULES = {order: legendre(order) for order in (20, 28)}
LONG = np.array([[L(mp.nstr(v, 25)) for v in pair] for pair in RULES[20]])


class Arm:
    """One group: log-likelihood with two derivatives, in 80-bit arrays and in mpf."""

    def __init__(self, kind, x, size):
        self.kind, self.x, self.size = kind, mpf(x), mpf(size)
        self.xl, self.nl = L(x), L(size)
        if kind == "poisson":
            self.const = self.x * mp.log(self.size) - mp.loggamma(self.x + 1)
            self.knee = np.log(x / size) if x > 0 else -np.log(size)
            self.width = x**-0.5 if x > 0 else 1.0
        else:
            n = self.size
            self.const = mp.loggamma(n + 1) - mp.loggamma(self.x + 1) - mp.loggamma(n - self.x + 1)
            self.none, self.all = x == 0, x == size
            inside = 0 < x < size
            self.knee = np.log(x / (size - x)) if inside else np.log(size) * (1 if self.all else -1)
            self.width = (size / (x * (size - x))) ** 0.5 if inside else 1.0
        self.constl = L(mp.nstr(self.const, 25))

    def plain(self, eta):
        """The same in doubles, one number at a time."""
        x, n = float(self.xl), float(self.nl)
        if self.kind == "poisson":
            m = n * math.exp(min(eta, 700.0))
            return x * eta - m, x - m, -m
        e = math.exp(-abs(eta))
        p, q = (1 / (1 + e), e / (1 + e)) if eta > 0 else (e / (1 + e), 1 / (1 + e))
        return x * eta - n * (max(eta, 0.0) + math.log1p(e)), x - n * p, -n * p * q

    def long(self, eta):
        if self.kind == "poisson":
            m = self.nl * np.exp(eta)
            return self.constl + self.xl * eta - m, self.xl - m, -m
        e = np.exp(-abs(eta))
        soft = np.maximum(eta, 0) + np.log1p(e)
        p = np.where(eta > 0, 1 / (1 + e), e / (1 + e))
        q = np.where(eta > 0, e / (1 + e), 1 / (1 + e))
        return self.constl + self.xl * eta - self.nl * soft, self.xl - self.nl * p, -self.nl * p * q

    def exact(self, eta):
        if self.kind == "poisson":
            m = self.size * mp.exp(eta)
            return self.const + self.x * eta - m, self.x - m, -m
        e = mp.exp(-abs(eta))
        soft = max(eta, 0) + mp.log1p(e)
        p, q = (1 / (1 + e), e / (1 + e)) if eta > 0 else (e / (1 + e), 1 / (1 + e))
        return self.const + self.x * eta - self.size * soft, self.x - self.size * p, -self.size * p * q


class Pair:
    def __init__(self, kind, row, coding):
        self.arms = [Arm(kind, *row[0]), Arm(kind, *row[1])]
        self.c = {"half": (0.5, 0.5), "first": (1.0, 0.0)}[coding]

    def panels(self, a, m, t):
        """Ends of panels that cover all of the integrand, found in doubles."""
        a, m, t = float(a), float(m), float(t)
        (c1, c2), tau = self.c, t**0.5

        def h(theta):
            one, two = self.arms[0].plain(a + c1 * theta), self.arms[1].plain(a - c2 * theta)
            return (
                one[0] + two[0] - (theta - m) ** 2 / (2 * t),
                c1 * one[1] - c2 * two[1] - (theta - m) / t,
                c1 * c1 * one[2] + c2 * c2 * two[2] - 1 / t,
            )

        # The root of the slope, which falls.
        low, high, step = m, m, tau
        while not h(low)[1] >= 0:
            low, step = low - step, 2 * step
        step = tau
        while not h(high)[1] <= 0:
            high, step = high + step, 2 * step
        mode = (low + high) / 2
        for i in range(300):
            _, slope, curve = h(mode)
            low, high = (mode, high) if slope > 0 else (low, mode)
            step = -slope / curve
            if abs(step) < 1e-3 * (-curve) ** -0.5:
                break
            mode = mode + step if i % 3 < 2 and low < mode + step < high else (low + high) / 2
        top, _, curve = h(mode)
        s = (-curve) ** -0.5

        def end(direction):
            far = s
            while h(mode + direction * far)[0] > top - 80:
                far *= 2
            near = far / 2
            for _ in range(8):
                mid = (near + far) / 2
                near, far = (mid, far) if h(mode + direction * mid)[0] > top - 80 else (near, mid)
            return mode + direction * far

        low, high = end(-1), end(1)
        ends = {low, high}
        steps = [0, 1, 2.5, 4.5, 7, 10, 14]
        while steps[-1] * s < high - low:
            steps.append(steps[-1] * 1.5)
        ends |= {mode + d * s * j for d in (-1, 1) for j in steps}
        knees = []
        if c1 > 0:
            knees.append(((self.arms[0].knee - a) / c1, min(self.arms[0].width, 1.0) / c1))
        if c2 > 0:
            knees.append(((a - self.arms[1].knee) / c2, min(self.arms[1].width, 1.0) / c2))
        for place, width in knees:
            if width < 0.7 * s:
                steps = [0.7, 2.0, 3.5, 5.5, 8]
                while steps[-1] * width < high - low + abs(place - mode):
                    steps.append(steps[-1] * 1.5)
                ends |= {place + d * width * j for d in (-1, 1) for j in steps} | {place}
        every = sorted(e for e in ends if low <= e <= high)
        keep = [every[0]]
        for e in every[1:]:
            if e - keep[-1] > 0.2 * min([s] + [w for _, w in knees]):
                keep.append(e)
        keep[-1] = high
        return keep

    def long(self, a, m, t):
        """ln L and its derivatives in a, m, t (gradient; Hessian aa, am, at, mm, mt, tt), and the moments of theta."""
        c1, c2 = L(self.c[0]), L(self.c[1])
        a, m, t = L(a), L(m), L(t)
        if t <= 0:
            one, two = self.arms[0].long(a + c1 * m), self.arms[1].long(a - c2 * m)
            return (one[0] + two[0], [one[1] + two[1], c1 * one[1] - c2 * two[1], (c1 * c1 * one[2] + c2 * c2 * two[2] + (c1 * one[1] - c2 * two[1]) ** 2) / 2],
                    [one[2] + two[2], c1 * one[2] - c2 * two[2], None, c1 * c1 * one[2] + c2 * c2 * two[2], None, None], (m, L(0)))
        ends = np.array([L(e) for e in self.panels(a, m, t)])
        half, mid = (ends[1:] - ends[:-1]) / 2, (ends[1:] + ends[:-1]) / 2
        theta = (mid[:, None] + half[:, None] * LONG[None, :, 0]).ravel()
        w = (half[:, None] * LONG[None, :, 1]).ravel()
        tau = np.sqrt(t)
        u = (theta - m) / tau
        one, two = self.arms[0].long(a + c1 * theta), self.arms[1].long(a - c2 * theta)
        h = one[0] + two[0] - u * u / 2
        top = np.max(h)
        w = w * np.exp(h - top)
        total = np.sum(w)
        mean = lambda f: np.sum(w * f) / total
        value = top + np.log(total) - np.log(2 * L(mp.nstr(mp.pi, 25)) * t) / 2
        return self.assemble(value, mean, u, one, two, m, t, tau)

    @staticmethod
    def assemble(value, mean, u, one, two, m, t, tau):
        ga = one[1] + two[1]
        u1, u2, u3, u4 = mean(u), mean(u * u), mean(u**3), mean(u**4)
        a1, a2 = u1 / tau, (u2 - 1) / t
        a3, a4 = (u3 - 3 * u1) / tau**3, (u4 - 6 * u2 + 3) / t**2
        fa = mean(ga)
        faa = mean(one[2] + two[2] + ga * ga) - fa * fa
        fam = mean(ga * u) / tau - fa * a1
        fat = (mean(ga * (u * u)) - fa * u2) / t / 2
        return value, [fa, a1, a2 / 2], [faa, fam, fat, a2 - a1 * a1, (a3 - a1 * a2) / 2, (a4 - a2 * a2) / 4], (m + tau * u1, t * (u2 - u1 * u1))

    def exact(self, a, m, t, order=20):
        """The same in mpf."""
        c1, c2 = mpf(self.c[0]), mpf(self.c[1])
        if t <= 0:
            one, two = self.arms[0].exact(a + c1 * m), self.arms[1].exact(a - c2 * m)
            return (one[0] + two[0], [one[1] + two[1], c1 * one[1] - c2 * two[1], (c1 * c1 * one[2] + c2 * c2 * two[2] + (c1 * one[1] - c2 * two[1]) ** 2) / 2],
                    [one[2] + two[2], c1 * one[2] - c2 * two[2], None, c1 * c1 * one[2] + c2 * c2 * two[2], None, None], (m, mpf(0)))
        ends = [mpf(e) for e in self.panels(a, m, t)]
        tau = mp.sqrt(t)
        rows = []
        for low, high in zip(ends, ends[1:]):
            half, mid = (high - low) / 2, (high + low) / 2
            for x, weight in RULES[order]:
                theta = mid + half * x
                u = (theta - m) / tau
                one, two = self.arms[0].exact(a + c1 * theta), self.arms[1].exact(a - c2 * theta)
                rows.append((one[0] + two[0] - u * u / 2, weight * half, u, one, two))
        top = max(r[0] for r in rows)
        w = np.array([r[1] * mp.exp(r[0] - top) for r in rows])
        total = np.sum(w)
        u = np.array([r[2] for r in rows])
        one, two = [[np.array([r[i][j] for r in rows]) for j in range(3)] for i in (3, 4)]
        mean = lambda f: np.sum(w * f) / total
        value = top + mp.log(total) - mp.log(2 * mp.pi * t) / 2
        return self.assemble(value, mean, u, one, two, m, t, tau)

    def start(self, m, t):
        """The level at the joint mode of level and effect, in doubles."""
        c1, c2 = self.c
        lo, hi = -60.0 - abs(float(m)), 60.0 + abs(float(m))
        lo += min(arm.knee for arm in self.arms)
        hi += max(arm.knee for arm in self.arms)
        with np.errstate(all="ignore"):
            def slope(a):
                return self.arms[0].plain(a + c1 * float(m))[1] + self.arms[1].plain(a - c2 * float(m))[1]
            for _ in range(100):
                mid = (lo + hi) / 2
                lo, hi = (mid, hi) if slope(mid) > 0 else (lo, mid)
        return (lo + hi) / 2

    def best(self, m, t, start=None):
        """The level that is best at (m, t) by safeguarded Newton steps, with the evaluation there."""
        a = self.start(m, t) if start is None else start
        lo, hi = -np.inf, np.inf
        for _ in range(3000):
            with np.errstate(all="ignore"):
                found = self.long(a, m, t)
            fa, faa = found[1][0], found[2][0]
            if fa > 0:
                lo = a
            else:
                hi = a
            step = -fa / faa
            if not np.isfinite(step) or faa >= 0:
                step = np.sign(fa)
            step = np.clip(step, -3, 3)
            if abs(step) * np.sqrt(abs(faa)) < 1e-11:
                return a, found
            after = a + step
            if not lo < after < hi:
                after = (lo + hi) / 2
            if after == a:
                return a, found
            a = after
        raise ArithmeticError("the level does not settle")


def profiled(found):
    """Gradient and Hessian in (m, t) with the level at its best."""
    value, (fa, fm, ft), (faa, fam, fat, fmm, fmt, ftt), _ = found
    h_mt = None if fat is None else fmt - fam * fat / faa
    h_tt = None if fat is None else ftt - fat * fat / faa
    # To first order in what the level is off by.
    g_t = ft if fat is None else ft - fat * fa / faa
    return value - fa * fa / faa / 2, [fm - fam * fa / faa, g_t], [fmm - fam * fam / faa, h_mt, h_tt]


class Problem:
    def __init__(self, kind, rows, coding):
        self.kind, self.rows = kind, rows
        self.studies = [Pair(kind, row, coding) for row in rows]
        self.levels = [None] * len(rows)

    def long(self, m, t):
        value, g, h = L(0), [L(0), L(0)], [L(0), L(0), L(0)]
        for i, study in enumerate(self.studies):
            # A level from elsewhere is a worse start than none.
            a, found = study.best(m, t, self.levels[i])
            self.levels[i] = a
            one = profiled(found)
            value += one[0]
            g = [x + y for x, y in zip(g, one[1])]
            h = [None if y is None else x + y for x, y in zip(h, one[2])]
        return value, g, h

    def best_m(self, m, t):
        """The best mean at a t: the likelihood is concave in it."""
        lo, hi = -np.inf, np.inf
        for _ in range(200):
            value, g, h = self.long(m, t)
            if g[0] > 0:
                lo = m
            else:
                hi = m
            step = np.clip(-g[0] / h[0], -3 - np.sqrt(t), 3 + np.sqrt(t))
            if abs(step) * np.sqrt(-h[0]) < 1e-10:
                return m, value, g, h
            after = m + step
            if not lo < after < hi:
                after = (lo + hi) / 2
            m = after
        raise ArithmeticError("the mean does not settle")

    def newton(self, equations, m, t, tolerance=1e-13):
        """Solves two equations in (m, t) in 80-bit floats."""
        for _ in range(60):
            value, g, h = self.long(m, t)
            a, b, c, d, r, s = equations(value, g, h)
            det = a * d - b * c
            dm, dt = (r * d - b * s) / det, (a * s - c * r) / det
            if not np.isfinite(dm + dt) or t < 1e-9:
                raise ArithmeticError("Newton's method leaves")
            dm = np.clip(dm, -5 / np.sqrt(-h[0]), 5 / np.sqrt(-h[0]))
            m, t = m + dm, min(max(t + dt, t / 8), 8 * t)
            if abs(dm) * np.sqrt(-h[0]) < tolerance and abs(dt) < tolerance * t:
                return m, t
        raise ArithmeticError("Newton's method does not settle")

    def polish(self, equations, m, t, order=20):
        """One Newton step in mpf, in all of (a_1 .. a_k, m, t), and the value before it."""
        m, t = mpf(str(m)), mpf(str(t))
        value, g, h, sizes = mpf(0), [mpf(0)] * 2, [mpf(0)] * 3, []
        moments = []
        for study, level in zip(self.studies, self.levels):
            found = study.exact(mpf(str(level)), m, t, order)
            one, (fa, fm, ft), (faa, fam, fat, fmm, fmt, ftt), moment = found
            moments.append(moment)
            sizes.append(abs(fa) / mp.sqrt(-faa))
            # The value at the best level is higher by the decrement's half.
            value += one - fa * fa / faa / 2
            g[0] += fm - fam * fa / faa
            g[1] += ft - fat * fa / faa
            h[0] += fmm - fam * fam / faa
            h[1] += fmt - fam * fat / faa
            h[2] += ftt - fat * fat / faa
        a, b, c, d, r, s = equations(value, g, h)
        det = a * d - b * c
        dm, dt = (r * d - b * s) / det, (a * s - c * r) / det
        assert abs(dm) * mp.sqrt(-h[0]) < 1e-10 and abs(dt) < 1e-10 * t and max(sizes) < 1e-9, (dm, dt, sizes)
        return m + dm, t + dt, value, h, moments

    def at_zero(self, m):
        """The same for t = 0: the best mean, or None for the mean given."""
        value = g = h = heat = mpf(0)
        for study, level in zip(self.studies, self.levels):
            a = mpf(str(level))
            for _ in range(3):
                found = study.exact(a, m, mpf(0))
                a -= found[1][0] / found[2][0]
            one, (fa, fm, ft), (faa, fam, _, fmm, _, _), _ = study.exact(a, m, mpf(0))
            value += one
            g += fm
            h += fmm - fam * fam / faa
            heat += ft
        return value, g, h, heat


MAXIMUM = lambda value, g, h: (h[0], h[1], h[1], h[2], -g[0], -g[1])


def limit_m(target):
    return lambda value, g, h: (g[0], g[1], h[1], h[2], target - value, -g[1])


def limit_t(target):
    return lambda value, g, h: (h[0], h[1], g[0], g[1], -g[0], target - value)


def best_t(problem, m, grid):
    """The best t at a mean over the grid, refined by golden section; 0 if that is better."""
    values = []
    for t in grid:
        values.append(float(problem.long(L(m), L(t))[0]))
    i = int(np.argmax(values))
    if i == 0:
        if float(problem.long(L(m), L(0))[1][1]) <= 0:
            return 0.0, values[0]
        low, high = 0.0, grid[1]
    else:
        low, high = grid[i - 1], grid[min(i + 1, len(grid) - 1)]
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(lambda t: -float(problem.long(L(m), L(t))[0]), bounds=(low, high), method="bounded", options={"xatol": 1e-5 * high})
    return float(found.x), -float(found.fun)


def limit_along_ridge(problem, m, t, se, ll, target, direction):
    """The limit of the mean by following the maximum over t outwards; None if that leads to t = 0."""
    if t <= 0:
        return None
    drop, last = ll - target, 0.0
    try:
        for share in (0.3, 0.6, 0.85, 1.0):
            goal = L(mp.nstr(ll - drop * mpf(share) ** 2, 25))
            start = m + direction * se * (share - last) * float(mp.sqrt(2 * drop)), t
            m, t = problem.newton(limit_m(goal), L(start[0]), L(start[1]))
            last, m, t = share, float(m) if share < 1 else m, float(t) if share < 1 else t
            if t < 1e-6:
                return None
        return problem.polish(limit_m(target), m, t)[0]
    except ArithmeticError:
        return None


def limit_by_force(problem, mf, se, target, direction, search, name):
    """The same by bisection, with the best t of a grid at each mean."""
    targetl = L(mp.nstr(target, 25))
    f = lambda d: best_t(problem, mf + direction * d, search)[1] - float(target)
    near, far = 0.0, 2 * se
    while f(far) > 0:
        near, far = far, 1.6 * far
    for _ in range(7):
        mid = (near + far) / 2
        near, far = (mid, far) if f(mid) > 0 else (near, mid)
    at = mf + direction * (near + far) / 2
    tt, _ = best_t(problem, at, search)
    got = None
    if tt > 0:
        try:
            got = problem.newton(limit_m(targetl), L(at), L(tt))
        except ArithmeticError:
            got = None
    if got is not None and got[1] > 1e-7:
        return problem.polish(limit_m(target), *got)[0]
    problem.long(L(at), L(0))
    x = mpf(at)
    for _ in range(8):
        value, slope, _, heat = problem.at_zero(x)
        x += (target - value) / slope
        problem.long(L(str(x)), L(0))
    assert heat <= 0, (name, "the limit is not at tau2 = 0")
    return x


def reference(name, kind, rows, coding):
    informative = [r for r in rows if not uninformative(kind, r)]
    problem = Problem(kind, informative, coding)
    grid = [0.0] + [10.0**e for e in np.arange(-3, 3.01, 0.5)]
    m, profile = L(0), []
    for t in grid:
        m, value, g, h = problem.best_m(m, L(t))
        profile.append((float(m), float(value), float(g[1])))
    values = [v for _, v, _ in profile]
    i = int(np.argmax(values))
    peaks = sum(1 for j in range(1, len(values) - 1) if values[j - 1] < values[j] - 1e-7 and values[j] > values[j + 1] + 1e-7)
    # tau2 = 0.
    m0, _, g0, _ = problem.best_m(L(profile[0][0]), L(0))
    m0 = mpf(str(m0))
    _, slope, curve, _ = problem.at_zero(m0)
    m0 -= slope / curve
    ll0, slope, curve, heat = problem.at_zero(m0)
    further = {}
    if heat <= 0 and i == 0:
        m, t, ll = m0, mpf(0), ll0
        se, se_t = 1 / mp.sqrt(-curve), None
    else:
        start = grid[max(i, 1)]
        for _ in range(60):
            # Towards the maximum over t by Newton steps of the profile, kept within a factor.
            mm, value, g, h = problem.best_m(L(profile[i][0]), L(start))
            curvature = h[2] - h[1] ** 2 / h[0]
            step = -g[1] / curvature if curvature < 0 else np.sign(g[1]) * start
            after = float(min(max(start + step, start / 3), start * 3))
            done = abs(after - start) < 1e-4 * start
            start = after
            if done:
                break
        m, t = problem.newton(MAXIMUM, mm, L(start))
        m, t, ll, h, moments = problem.polish(MAXIMUM, m, t)
        other = problem.polish(MAXIMUM, m, t, order=28)[2]
        assert abs(ll - other) < mpf(10) ** -16 * (1 + abs(ll)), (name, ll, other)
        det = h[0] * h[2] - h[1] ** 2
        se, se_t = mp.sqrt(-h[2] / det), mp.sqrt(-h[0] / det)
        further["blup"] = [float(x) for x, _ in moments]
        further["blup_sd"] = [float(mp.sqrt(v)) for _, v in moments]
    target = ll - DROP
    targetl = L(mp.nstr(target, 25))
    tf, mf = float(t), float(m)
    # Limits of t.
    above = lambda u: float(problem.best_m(L(mf), L(u))[1] - targetl)
    high = max(tf, 1e-3)
    while above(high) > 0:
        high *= 2
    low = max(tf, high / 2) if high / 2 > tf else tf
    for _ in range(12):
        mid = (low + high) / 2
        low, high = (mid, high) if above(mid) > 0 else (low, mid)
    mid = (low + high) / 2
    got = problem.newton(limit_t(targetl), problem.best_m(L(mf), L(mid))[0], L(mid))
    t_hi = problem.polish(limit_t(target), *got)[1]
    if ll0 >= target:
        t_lo = mpf(0)
    else:
        low, high = 0.0, tf
        for _ in range(14):
            mid = (low + high) / 2
            low, high = (low, mid) if above(mid) > 0 else (mid, high)
        got = problem.newton(limit_t(targetl), problem.best_m(L(mf), L(high))[0], L(high))
        t_lo = problem.polish(limit_t(target), *got)[1]
    # Limits of m: at each mean the best t by brute force.
    search = [0.0] + [tmax for tmax in 10.0 ** np.arange(-2, np.log10(20 * float(t_hi) + 10), 0.7)]
    limits = []
    for direction in (-1, 1):
        limits.append(limit_along_ridge(problem, mf, tf, float(se), ll, target, direction) or limit_by_force(problem, mf, float(se), target, direction, search, name))
        # No other t may be more likely at this mean.
        assert best_t(problem, float(limits[-1]), search)[1] - float(target) < 1e-5, (name, limits)
    number = lambda v: None if v is None else float(v)
    return {
        "name": name, "kind": kind, "coding": coding, "rows": [[float(v) for g in r for v in g] for r in rows], "informative": len(informative),
        "peaks_seen": peaks, "mu": number(m), "tau2": number(t), "ll": number(ll), "ll0": number(ll0), "mu0": number(m0), "se": number(se),
        "se_tau2": number(se_t), "mu_lower": number(limits[0]), "mu_upper": number(limits[1]), "tau2_lower": number(t_lo), "tau2_upper": number(t_hi),
        **further,
    }


def uninformative(kind, row):
    (x1, n1), (x2, n2) = row
    none = x1 == 0 and x2 == 0
    return none if kind == "poisson" else none or (x1 == n1 and x2 == n2)


def profiles():
    """Single studies, far out: the best log-likelihood over the level at (m, t), with derivatives in (m, t)."""
    out = []
    odds = [((0, 12), (3, 15)), ((4, 20), (0, 18)), ((0, 30), (30, 30)), ((12, 12), (5, 9)), ((400, 1000), (1, 3)), ((0, 5), (900000, 2000000))]
    rates = [((0, 12.5), (3, 15.0)), ((4, 210.0), (0, 180.0)), ((3, 100.0), (70, 120.0))]
    for kind, rows in (("logit", odds), ("poisson", rates)):
        for row in rows:
            for coding in ("half", "first"):
                pair = Pair(kind, row, coding)
                for t in (0.3, 1e2, 1e5, 1e6):
                    for m in (-1.5 * t**0.5, 0.4, 4 * t**0.5) if t > 1 else (-2.0, 0.4):
                        # Far out the groups go where their own data are.
                        near = pair.c[1] * pair.arms[0].knee + pair.c[0] * pair.arms[1].knee
                        a, _ = pair.best(L(m), L(t), L(near))
                        exact = pair.exact(mpf(str(a)), mpf(m), mpf(t))
                        fa, faa = exact[1][0], exact[2][0]
                        assert abs(fa) < 1e-7 * mp.sqrt(-faa), (row, coding, t, m, fa, faa)
                        other = pair.exact(mpf(str(a)), mpf(m), mpf(t), 28)
                        assert abs(exact[0] - other[0]) < mpf(10) ** -15 * (1 + abs(exact[0])), (row, coding, m, t, exact[0] - other[0])
                        value, g, h = profiled(exact)
                        out.append({"kind": kind, "row": [float(v) for g_ in row for v in g_], "coding": coding, "m": m, "t": t,
                                    "value": float(value), "g": [float(v) for v in g], "h": [float(v) for v in h]})
        print(kind, len(out), flush=True)
    return out


ODDS = [
    ("bcg", [((4, 123), (11, 139)), ((6, 306), (29, 303)), ((3, 231), (11, 220)), ((62, 13598), (248, 12867)), ((33, 5069), (47, 5808)), ((180, 1541), (372, 1451)), ((8, 2545), (10, 629)), ((505, 88391), (499, 88391)), ((29, 7499), (45, 7277)), ((17, 1716), (65, 1665)), ((186, 50634), (141, 27338)), ((5, 2498), (3, 2341)), ((27, 16913), (29, 17854))]),
    ("nielweise2007", [((0, 116), (3, 117)), ((1, 44), (3, 35)), ((2, 208), (9, 195)), ((0, 130), (7, 136)), ((5, 151), (6, 157)), ((1, 98), (4, 139)), ((1, 174), (3, 177)), ((1, 74), (2, 39)), ((1, 97), (19, 103)), ((1, 113), (2, 122)), ((0, 66), (7, 64)), ((0, 70), (1, 58)), ((3, 188), (5, 175)), ((6, 187), (11, 180)), ((0, 118), (0, 105)), ((0, 252), (1, 262)), ((1, 345), (3, 362)), ((4, 64), (1, 69))]),
    ("hine1989", [((2, 39), (1, 43)), ((4, 44), (4, 44)), ((6, 107), (4, 110)), ((7, 103), (5, 100)), ((7, 110), (3, 106)), ((11, 154), (4, 146))]),
    ("damico2009, five", [((0, 45), (4, 46)), ((13, 58), (23, 30)), ((1, 28), (29, 60)), ((12, 161), (38, 170)), ((14, 32), (17, 32))]),
    ("collins1985a, six", [((8, 50), (16, 50)), ((11, 56), (12, 53)), ((5, 18), (1, 12)), ((2, 14), (6, 15)), ((0, 18), (3, 19)), ((10, 21), (8, 19))]),
    ("bcg, first five", [((4, 123), (11, 139)), ((6, 306), (29, 303)), ((3, 231), (11, 220)), ((62, 13598), (248, 12867)), ((33, 5069), (47, 5808))]),
    ("two studies", [((3, 10), (9, 12)), ((6, 14), (5, 13))]),
    ("two that differ", [((1, 20), (9, 22)), ((12, 25), (4, 24))]),
    ("equal", [((5, 20), (8, 20)), ((5, 20), (8, 20)), ((5, 20), (8, 20))]),
    ("zero cells", [((0, 12), (4, 15)), ((3, 20), (0, 18)), ((1, 30), (6, 31)), ((2, 9), (5, 8))]),
    ("all of one group", [((9, 9), (5, 9)), ((10, 12), (4, 12)), ((7, 8), (8, 8)), ((14, 20), (9, 20))]),
    ("double zeros and full", [((0, 20), (0, 25)), ((2, 20), (6, 19)), ((8, 8), (9, 9)), ((1, 15), (3, 14)), ((4, 30), (3, 33))]),
    ("sparse", [((0, 40), (1, 41)), ((1, 55), (0, 50)), ((0, 31), (2, 30)), ((1, 120), (3, 118)), ((2, 60), (1, 63))]),
    ("huge and small", [((3, 10), (5, 12)), ((40000, 100000), (39000, 100000)), ((1, 8), (4, 9))]),
    ("one huge group", [((3, 10), (400000, 1000000)), ((5, 12), (6, 14)), ((7, 9), (2, 8))]),
    ("heterogeneous", [((1, 40), (20, 40)), ((30, 40), (10, 40)), ((20, 40), (5, 50)), ((2, 50), (33, 50)), ((5, 30), (6, 30))]),
    ("all events against none", [((0, 6), (6, 6)), ((3, 8), (5, 9)), ((7, 10), (4, 10)), ((2, 9), (6, 9))]),
    ("two zeros of four", [((0, 30), (5, 30)), ((6, 30), (0, 30)), ((1, 10), (2, 10))]),
]
RATES = [
    ("hart1999", [((9, 413), (19, 398)), ((8, 263), (19, 245)), ((3, 487), (13, 435)), ((6, 237), (9, 241)), ((7, 489), (23, 483)), ((20, 507), (50, 405))]),
    ("nielweise2008", [((7, 1344), (11, 1988)), ((8, 1600), (8, 1461)), ((3, 12012), (14, 10962)), ((6, 1536), (10, 1503)), ((1, 370), (1, 483)), ((1, 729), (8, 913)), ((17, 6760), (15, 6840)), ((3, 1107), (7, 1015)), ((2, 320), (3, 440))]),
    ("sparse rates", [((0, 120.5), (3, 118.0)), ((1, 80.0), (0, 77.5)), ((2, 210.0), (5, 190.0)), ((0, 60.0), (0, 61.0))]),
    ("rates that differ", [((12, 100.0), (70, 120.0)), ((40, 90.0), (11, 95.0)), ((3, 30.0), (9, 31.0))]),
    ("short times", [((3, 1e-3), (7, 1.2e-3)), ((5, 2e-3), (4, 1.9e-3)), ((1, 7e-4), (6, 8e-4))]),
]


def cases():
    out = []
    for kind, sets in (("logit", ODDS), ("poisson", RATES)):
        for name, rows in sets:
            for coding in ("half", "first"):
                out.append((name, kind, rows, coding))
    return out


def attempt(case):
    name, kind, rows, coding = case
    try:
        found = reference(name, kind, rows, coding)
        print(name, coding, found["mu"], found["tau2"], found["ll"], found["mu_lower"], found["mu_upper"], found["tau2_lower"], found["tau2_upper"], found["peaks_seen"], flush=True)
        if os.environ.get("KEEP"):
            with open(os.environ["KEEP"], "a") as out:
                out.write(json.dumps(found) + "\n")
        return found
    except Exception as failure:  # shown, and the count in the test fails
        print("FAILED", name, coding, repr(failure), flush=True)
        return None


def boundary():
    """Limits for data in which the first group never has events: exact given the margins, and by the likelihood ratio at tau2 = 0."""
    rows = [((0, 12), (4, 15)), ((0, 20), (3, 18)), ((0, 9), (5, 8))]

    def exact(psi):
        product = mpf(1)
        for (_, n1), (m, n2) in rows:
            product /= sum(mp.binomial(n1, x) * mp.binomial(n2, m - x) * psi**x for x in range(0, min(m, n1) + 1) if m - x <= n2) / mp.binomial(n2, m)
        return product

    print("exact limit", mp.findroot(lambda psi: exact(psi) - mpf("0.025"), mpf("0.3")))

    def profile(m, row, kind):
        one, two = Arm(kind, *row[0]), Arm(kind, *row[1])
        a = mp.findroot(lambda a: one.exact(a + m)[1] + two.exact(a)[1], mpf(two.knee))
        return one.exact(a + m)[0] + two.exact(a)[0]

    for kind in ("logit", "poisson"):
        # Each group at its own best.
        top = sum(Arm(kind, *row[1]).exact(mpf(Arm(kind, *row[1]).knee))[0] for row in rows)
        m = mp.findroot(lambda m: sum(profile(m, row, kind) for row in rows) - top + DROP, mpf(-2))
        print(kind, "likelihood limit", mp.exp(m))
    # Rates: the events of the first group are binomial given all events.
    print("exact limit of rates", mp.findroot(lambda r: mp.fprod((n2 / (n2 + n1 * r)) ** m for (_, n1), (m, n2) in rows) - mpf("0.025"), mpf("0.3")))


if __name__ == "__main__":
    if sys.argv[1:] == ["boundary"]:
        boundary()
    elif sys.argv[1:] == ["profiles"]:
        with open(os.path.join(HERE, "glmm_unconditional_profiles.json"), "w") as out:
            json.dump({"source": "glmm_unconditional.py profiles", "profiles": profiles()}, out, indent=0)
            out.write("\n")
    elif sys.argv[1:]:
        for case in cases():
            if case[0] in sys.argv[1:]:
                attempt(case)
    else:
        from multiprocessing import Pool

        with Pool(3) as pool:
            found = pool.map(attempt, sorted(cases(), key=lambda case: len(case[2])), chunksize=1)
        with open(os.path.join(HERE, "glmm_unconditional.json"), "w") as out:
            json.dump({"source": "glmm_unconditional.py", "level": 0.95, "cases": [f for f in found if f]}, out, indent=0)
            out.write("\n")
