"""Likelihood intervals for the mean, their corrections, and Henmi-Copas, with mpmath. Run here: python3 mean_likelihood.py

Data are those of mpmath_pool.json. Own derivation, by other means than the crate's:

* The maximum over t = tau2 for a given mean: all sign changes of the score on a dense grid, each root polished, the best taken.
* The set of means: a dense grid in mu and t shows the pieces, each end is then polished.
* Bartlett: Lawley's 1956 general formula (in Cordeiro's notation) summed over all index tuples of theta = (mu, t), from tables of
  cumulants of the log-likelihood derivatives.
* Skovgaard 1996: u = [S^-1 q]_mu |j|^(1/2) |i|^-1 |S| |j~_tt|^(-1/2), where S and q are covariances of scores and log-likelihoods at
  two parameter values under the first, computed as covariances of quadratic forms of a normal vector.
* Henmi & Copas 2010: moments of Q given R from the conditional normal distribution by matrices; the integral by mpmath.
"""
import itertools
import json
import os
import sys
import numpy as np
import mpmath as mp

mp.mp.dps = 40
HERE = os.path.dirname(os.path.abspath(__file__))
Z = mp.sqrt(2) * mp.erfinv(mp.mpf(95) / 100)


def text(x):
    return None if x is None else mp.nstr(x, 22, strip_zeros=True, min_fixed=-4, max_fixed=15)


class Data:
    def __init__(self, c):
        y = [mp.mpf(a) for a in c["yi"]]
        v = [mp.mpf(a) for a in c["vi"]]
        # In units of the smallest standard error, around the most precise study.
        i = min(range(len(v)), key=lambda i: v[i])
        self.origin, self.unit = y[i], mp.sqrt(v[i])
        self.y = [(a - self.origin) / self.unit for a in y]
        self.v = [a / v[i] for a in v]
        self.yf, self.vf = np.array(self.y, float), np.array(self.v, float)
        self.k = len(y)
        ml = [p for p in c["ml_points"] if p["kind"] == "maximum"]
        self.t = mp.mpf(max(ml, key=lambda p: mp.mpf(p["loglik"]))["tau2"]) / self.unit**2
        if self.t > 0:
            # The reference has 30 digits; a step of Newton's method on the score of the profile.
            self.t = mp.findroot(lambda t: self.score(self.mean(t), t), self.t)
        self.mu = self.mean(self.t)
        self.best = self.ll(self.mu, self.t)
        spread = float(max(abs(a) for a in self.y)) ** 2
        top = max(4 * spread, 4.0)
        self.grid = np.concatenate([[0.0], np.geomspace(1e-6, top, 600)])

    def mean(self, t):
        w = [1 / (a + t) for a in self.v]
        return sum(a * b for a, b in zip(w, self.y)) / sum(w)

    def ll(self, mu, t):
        return -sum(mp.log(v + t) + (y - mu) ** 2 / (v + t) for y, v in zip(self.y, self.v)) / 2

    def score(self, mu, t):
        return sum((y - mu) ** 2 / (v + t) ** 2 - 1 / (v + t) for y, v in zip(self.y, self.v)) / 2

    def tau2(self, mu):
        far = float(max(abs(y - mu) for y in self.y)) ** 2
        grid = self.grid if self.grid[-1] > far else np.concatenate([[0.0], np.geomspace(1e-6, 4 * far, 900)])
        w = 1 / (self.vf[:, None] + grid[None, :])
        r = (self.yf - float(mu))[:, None]
        s = (w * w * r * r - w).sum(axis=0)
        found = [mp.mpf(0)]
        for i in np.nonzero((s[:-1] > 0) & (s[1:] <= 0))[0]:
            a, b = mp.mpf(grid[i]), mp.mpf(grid[i + 1])
            fa, fb = self.score(mu, a), self.score(mu, b)
            if fa > 0 >= fb:
                found.append(mp.findroot(lambda t: self.score(mu, t), (a, b), solver="anderson", verify=False, tol=mp.mpf(10) ** -70))
        return max(found, key=lambda t: self.ll(mu, t))

    def deviance(self, mu):
        return 2 * (self.best - self.ll(mu, self.tau2(mu)))

    def pieces(self, q):
        """Ends of {D <= q}."""
        se = float(1 / mp.sqrt(sum(1 / (v + self.t) for v in self.v)))
        lo, hi = float(min(self.y)), float(max(self.y))
        left, right = float(self.mu) - 3 * se, float(self.mu) + 3 * se
        left, right = min(left, lo - se), max(right, hi + se)
        while self.deviance(mp.mpf(left)) <= q:
            left -= right - left
        while self.deviance(mp.mpf(right)) <= q:
            right += right - left
        grid = np.unique(np.concatenate([np.linspace(left, right, 3000), self.yf[(self.yf > left) & (self.yf < right)], [float(self.mu)]]))
        far = max(abs(left - lo), abs(right - hi), hi - left, right - lo) ** 2 * 4
        ts = np.concatenate([[0.0], np.geomspace(1e-6, far + 4, 500)])
        lp = np.full(grid.shape, -np.inf)
        for t in ts:
            value = -0.5 * (np.log(self.vf + t).sum() + ((self.yf[None, :] - grid[:, None]) ** 2 / (self.vf + t)).sum(axis=1))
            lp = np.maximum(lp, value)
        inside = 2 * (float(self.best) - lp) <= float(q)
        ends = []
        for i in np.nonzero(inside[:-1] != inside[1:])[0]:
            a, b = mp.mpf(grid[i]), mp.mpf(grid[i + 1])
            f = lambda m: self.deviance(m) - q
            # The grid in t is coarse: widen until the signs differ.
            step = b - a
            while f(a) * f(b) > 0:
                a, b = a - step, b + step
            ends.append(mp.findroot(f, (a, b), solver="anderson", verify=False, tol=mp.mpf(10) ** -60, maxsteps=200))
        return [self.back(e) for e in ends]

    def back(self, mu):
        return self.origin + self.unit * mu

    # ---- Lawley ------------------------------------------------------------------------------------
    def lawley(self):
        w = [1 / (v + self.t) for v in self.v]
        s = {j: sum(a**j for a in w) for j in range(1, 5)}
        # Cumulants by number of t among the indices; m: number of mu (0 or 2, all others vanish).
        table = {(2, 0): -s[1], (0, 2): -s[2] / 2, (2, 1): s[2], (0, 3): 2 * s[3], (2, 2): -2 * s[3], (0, 4): -9 * s[4]}
        # Derivatives of the second and third ones by t, once and twice.
        first = {(2, 0): s[2], (0, 2): s[3], (2, 1): -2 * s[3], (0, 3): -6 * s[4]}
        second = {(2, 0): -2 * s[3], (0, 2): -3 * s[4]}

        def kappa(*index, by=()):
            if "m" in by:
                return mp.mpf(0)
            key = (index.count("m"), index.count("t"))
            return (table, first, second)[len(by)].get(key, mp.mpf(0))

        inverse = {"m": 1 / table[2, 0], "t": 1 / table[0, 2]}

        def epsilon(names):
            total = mp.mpf(0)
            for a, b in itertools.product(names, repeat=2):
                total += inverse[a] * inverse[b] * (kappa(a, a, b, b) / 4 - kappa(a, a, b, by=(b,)) + kappa(a, b, by=(a, b)))
            for a, b, c in itertools.product(names, repeat=3):
                bracket = kappa(a, b, c) * (kappa(a, b, c) / 6 - kappa(a, c, by=(b,)))
                bracket += kappa(a, b, b) * (kappa(a, c, c) / 4 - kappa(a, c, by=(c,)))
                bracket += kappa(a, b, by=(c,)) * kappa(a, c, by=(b,)) + kappa(a, b, by=(b,)) * kappa(a, c, by=(c,))
                total -= inverse[a] * inverse[b] * inverse[c] * bracket
            return total

        return 1 + epsilon("mt") - epsilon("t")

    # ---- Skovgaard ---------------------------------------------------------------------------------
    def skovgaard(self, mu):
        t1, mu1, t2, mu2 = self.t, self.mu, self.tau2(mu), mu
        if not (t1 > 0 and t2 > 0):
            return None
        var = [v + t1 for v in self.v]
        # A function sum (p_i e_i^2 + 2 b_i e_i) of independent e_i ~ N(0, var_i), as (p, b).
        cov = lambda f, g: sum(2 * p * r * s * s + 4 * b * d * s for (p, b), (r, d), s in zip(f, g, var))

        def parts(m, t):
            d = mu1 - m
            w = [1 / (v + t) for v in self.v]
            score_m = [(mp.mpf(0), a / 2) for a in w]
            score_t = [(a * a / 2, a * a / 2 * d) for a in w]
            ll = [(-a / 2, -a / 2 * d) for a in w]
            return score_m, score_t, ll

        one, two = parts(mu1, t1), parts(mu2, t2)
        S = mp.matrix(2, 2)
        I = mp.matrix(2, 2)
        q = mp.matrix(2, 1)
        gain = [(p - r, b - d) for (p, b), (r, d) in zip(one[2], two[2])]
        for i in range(2):
            q[i] = cov(one[i], gain)
            for j in range(2):
                S[i, j] = cov(one[i], two[j])
                I[i, j] = cov(one[i], one[j])

        def observed(m, t):
            w = [1 / (v + t) for v in self.v]
            r = [y - m for y in self.y]
            tt = sum(a**3 * b * b for a, b in zip(w, r)) - sum(a * a for a in w) / 2
            mt = sum(a * a * b for a, b in zip(w, r))
            return mp.matrix([[sum(w), mt], [mt, tt]])

        j1, j2 = observed(mu1, t1), observed(mu2, t2)
        if not (mp.det(j1) > 0 and j2[1, 1] > 0):
            return None
        u = (S**-1 * q)[0] * mp.sqrt(mp.det(j1)) / mp.det(I) * mp.det(S) / mp.sqrt(j2[1, 1])
        r = mp.sign(mu1 - mu) * mp.sqrt(max(self.deviance(mu), mp.mpf(0)))
        return r + mp.log(u / r) / r

    def skovgaard_interval(self, guesses):
        if not self.t > 0:
            return None
        ends = []
        for guess, side in ((guesses[0], Z), (guesses[-1], -Z)):
            x0 = (guess - self.origin) / self.unit - self.mu
            f = lambda x: self.skovgaard(self.mu + x) - side
            a, b = x0, x0
            try:
                for _ in range(60):
                    b = a * mp.mpf("1.2") if f(a) * side < 0 else a / mp.mpf("1.2")
                    if f(a) * f(b) <= 0:
                        break
                    a = b
                ends.append(self.back(self.mu + mp.findroot(f, (a, b), solver="anderson", verify=False, tol=mp.mpf(10) ** -50)))
            except TypeError:
                return None
        return ends


# ---- Henmi-Copas -----------------------------------------------------------------------------------
def henmi_copas(d, null):
    mp.mp.dps = 25
    k = d.k
    w = [1 / v for v in d.v]
    W = {j: sum(a**j for a in w) for j in (1, 2)}
    mean = sum(a * b for a, b in zip(w, d.y)) / W[1]
    Q = sum(a * (b - mean) ** 2 for a, b in zip(w, d.y))
    t = max(mp.mpf(0), (Q - (k - 1)) / (W[1] - W[2] / W[1]))
    V = W[1] + t * W[2]
    A = np.array([[(a if i == j else mp.mpf(0)) - a * b / W[1] for j, b in enumerate(w)] for i, a in enumerate(w)], dtype=object)
    D = np.array([1 / a + t for a in w], dtype=object)
    Da = D * np.array(w, dtype=object)
    cond = np.diag(D) - np.outer(Da, Da) / V
    AC = A.dot(cond)
    trace1, trace2 = sum(AC[i, i] for i in range(k)), sum((AC * AC.T).ravel())
    slope = Da / mp.sqrt(V)
    As = A.dot(slope)
    m2, c2 = slope.dot(As), As.dot(cond).dot(As)

    def tail(u):
        r0 = u * mp.sqrt(W[1] / V)

        def f(r):
            mean_q, var_q = trace1 + r * r * m2, 2 * trace2 + 4 * r * r * c2
            q = (k - 1) + (W[1] - W[2] / W[1]) * (r * r * V / u**2 - W[1]) / W[2]
            return mp.npdf(r) * mp.gammainc(mean_q**2 / var_q, 0, q * mean_q / var_q, regularized=True)

        # Below r ~ 1 the gamma distribution function rises on the scale of u, however small that is.
        near = [r0 + u * mp.mpf(2) ** j for j in range(-3, 60) if u * mp.mpf(2) ** j < 0.4]
        return 2 * mp.quad(f, [r0] + near + [r0 + 0.5, r0 + 1, r0 + 2, r0 + 4, r0 + 8, r0 + 16])

    goal = mp.mpf(5) / 100
    u = Z
    points = [(u, mp.log(tail(u) / goal))]
    step = u * (1 + points[0][1] / 4)
    points.append((step, mp.log(tail(step) / goal)))
    for _ in range(30):
        (a, fa), (b, fb) = points[-2:]
        if abs(fb) < mp.mpf(10) ** -19 or a == b or fa == fb:
            break
        nxt = b - fb * (b - a) / (fb - fa)
        points.append((nxt, mp.log(tail(nxt) / goal)))
    u, last = points[-1]
    if abs(last) > mp.mpf(10) ** -17:
        raise RuntimeError(f"no quantile: {mp.nstr(last, 5)}")
    se = mp.sqrt(V) / W[1]
    x = abs(mean - (null - d.origin) / d.unit) / se
    out = {"value": text(d.back(mean)), "se": text(d.unit * se), "tau2": text(d.unit**2 * t), "u": text(u)}
    out["ci"] = [text(d.back(mean - u * se)), text(d.back(mean + u * se))]
    out["p"] = text(tail(x)) if 0 < x < 12 else None
    mp.mp.dps = 40
    return out


def row(c):
    d = Data(c)
    null = (0 - d.origin) / d.unit
    out = {"name": c["name"], "yi": c["yi"], "vi": c["vi"], "mu": text(d.back(d.mu)), "tau2": text(d.t * d.unit**2)}
    statistic = d.deviance(null)
    out["statistic"], out["bartlett"] = text(statistic), text(d.lawley())
    out["skovgaard"] = text(d.skovgaard(null))
    pieces = d.pieces(Z * Z)
    out["pieces"] = [text(e) for e in pieces]
    out["pieces_bartlett"] = [text(e) for e in d.pieces(Z * Z * d.lawley())]
    ends = d.skovgaard_interval(pieces)
    out["skovgaard_ci"] = ends and [text(e) for e in ends]
    out["henmi_copas"] = henmi_copas(d, mp.mpf(0))
    return out


def main():
    from multiprocessing import Pool

    with open(os.path.join(HERE, "mpmath_pool.json")) as f:
        cases = json.load(f)["cases"]
    if len(sys.argv) > 1:
        cases = [c for c in cases if c["name"] in sys.argv[1:]]
    with Pool(2) as pool:
        rows = pool.map(row, cases, chunksize=1)
    if len(sys.argv) > 1:
        print(json.dumps(rows, indent=1))
        return
    with open(os.path.join(HERE, "mean_likelihood.json"), "w") as f:
        source = {"tool": "mpmath", "version": mp.__version__, "script": "mean_likelihood.py", "data": "mpmath_pool.json"}
        f.write('{"source": ' + json.dumps(source) + ', "cases": [\n' + ",\n".join(json.dumps(r) for r in rows) + "\n]}\n")


main()
