"""Truth for the estimators of tau2 that rest on fixed weights, for the Bayes mode, for standard errors from the information, and for
bootstrapped DerSimonian-Laird, with mpmath. Run here: python3 tau2_further.py (15 minutes)

Own derivation with full matrices. Data: sets of mpmath_pool.json by name, with a common mean and with the design (1, (7 i) mod 5).

GENQ     A = D - DX(X'DX)^-1X'D; tau2 = (y'Ay - tr AV) / tr A; Var = 2 tr(ASAS) from the matrices
GENQM    the root of P(Q <= q) = 1/2 with mpmath's eigenvalues of the matrix and its Talbot inversion of prod (1 + 2 lambda z)^(-1/2)/z,
         which is compared with the tails of generalised_q.py at each root for k <= 5
BM       the score by full matrices, sign changes on a grid of 400 in log tau2, each refined, the highest penalised log-likelihood taken
SE       the second derivative of the log-likelihood itself, taken numerically with 60 digits
DLb      all k^k resamples: mean and standard deviation of the estimates
"""
import itertools
import json
import mpmath as mp
import generalised_q as gq

mp.mp.dps = 40
KINDS = {"1/v": lambda v, i: 1 / v, "1/se": lambda v, i: 1 / mp.sqrt(v), "1": lambda v, i: mp.mpf(1), "user": lambda v, i: mp.mpf(1 + (5 * i) % 7)}


def text(x):
    return None if x is None else mp.nstr(x, 25, strip_zeros=True, min_fixed=-4, max_fixed=15)


def residual(w, x):
    wm = mp.diag(w)
    return wm - wm * x * mp.inverse(x.T * wm * x) * x.T * wm


def product_trace(a, b):
    return mp.fsum(a[i, j] * b[j, i] for i in range(a.rows) for j in range(a.cols))


def cdf(lam, x):
    return mp.invertlaplace(lambda z: mp.fprod(1 / mp.sqrt(1 + 2 * l * z) for l in lam) / z, x, method="talbot", degree=40)


class Data:
    def __init__(self, y, v, p):
        self.k, self.p = len(y), p
        self.y, self.v = mp.matrix(y), [mp.mpf(a) for a in v]
        self.x = mp.matrix(self.k, p)
        for i in range(self.k):
            for j in range(p):
                self.x[i, j] = (7 * i) % 5 if j else 1

    def fixed(self, kind):
        a = [KINDS[kind](v, i) for i, v in enumerate(self.v)]
        return residual([w / max(a) for w in a], self.x)

    def se(self, m, tau2):
        ms = m * mp.diag([v + tau2 for v in self.v])
        return mp.sqrt(2 * product_trace(ms, ms)) / mp.fsum(m[i, i] for i in range(self.k))

    def genq(self, kind):
        m = self.fixed(kind)
        q = (self.y.T * m * self.y)[0]
        tau2 = max(mp.mpf(0), (q - product_trace(m, mp.diag(self.v))) / mp.fsum(m[i, i] for i in range(self.k)))
        return tau2, self.se(m, tau2)

    def genqm(self, kind):
        m = self.fixed(kind)
        q = (self.y.T * m * self.y)[0]

        def upper(tau2):
            root = mp.diag([mp.sqrt(v + tau2) for v in self.v])
            lam = sorted(mp.eigsy(root * m * root, eigvals_only=True), reverse=True)
            lam = [l / lam[0] for l in lam[: self.k - self.p]], q / lam[0]
            return 1 - cdf(*lam), lam

        with mp.workdps(30):
            tau2, half = mp.mpf(0), mp.mpf(1) / 2
            if upper(tau2)[0] < half:
                low, high = mp.mpf(0), max(self.genq(kind)[0], min(self.v)) * 2
                while upper(high)[0] < half:
                    low, high = high, 4 * high
                at_low, at_high = upper(low)[0] - half, upper(high)[0] - half
                for step in range(200):
                    tau2 = (low + high) / 2 if step % 3 == 2 else low - at_low * (high - low) / (at_high - at_low)
                    at = upper(tau2)[0] - half
                    if abs(at) < mp.mpf(10) ** -20:
                        break
                    if at < 0:
                        low, at_low, at_high = tau2, at, at_high / 2
                    else:
                        high, at_high, at_low = tau2, at, at_low / 2
                if not low <= tau2 <= high or abs(upper(tau2)[0] - half) > mp.mpf(10) ** -18:
                    raise ArithmeticError("no root")
                lam, x = upper(tau2)[1]
                if self.k <= 5 and len(lam) > 1 and abs(gq.upper_tail(x, lam) - half) > mp.mpf(10) ** -14:
                    raise ArithmeticError("the two distributions disagree")
        return tau2, self.se(m, tau2)

    def log_likelihood(self, t, restricted):
        w = [1 / (v + t) for v in self.v]
        q = (self.y.T * residual(w, self.x) * self.y)[0]
        out = mp.fsum(mp.log(v + t) for v in self.v) + q
        if restricted:
            out += mp.log(mp.det(self.x.T * mp.diag(w) * self.x))
        return -out / 2

    def bayes_mode(self, restricted):
        def score(log_t):
            t = mp.exp(log_t)
            w = [1 / (v + t) for v in self.v]
            if self.p == 1:
                total = mp.fsum(w)
                m = mp.fdot(w, self.y) / total
                g = total - (mp.fsum(a * a for a in w) / total if restricted else 0)
                return mp.fsum((a * (y - m)) ** 2 for a, y in zip(w, self.y)) - g + 1 / t
            p = residual(w, self.x)
            py = p * self.y
            g = mp.fsum(p[i, i] for i in range(self.k)) if restricted else mp.fsum(w)
            return (py.T * py)[0] - g + 1 / t

        spread = max(self.y) - min(self.y)
        low = mp.log(min(self.v) / (2 * self.k))
        high = mp.log(16 * self.k * (max(self.v) + spread ** 2))
        with mp.workdps(20):
            grid = [low + (high - low) * i / 400 for i in range(401)]
            rises = [score(t) > 0 for t in grid]
        peaks = [(a, b) for a, b, r, s in zip(grid, grid[1:], rises, rises[1:]) if r and not s]
        modes = [mp.exp(mp.findroot(score, ab, solver="anderson", tol=mp.mpf(10) ** -60, maxsteps=200)) for ab in peaks]
        best = max(modes, key=lambda t: self.log_likelihood(t, restricted) + mp.log(t) / 2)
        return best, len(modes)

    def information(self, t, restricted):
        """Observed: numerically. Expected: tr P^2 / 2 and sum w^2 / 2."""
        with mp.workdps(60):
            observed = -mp.diff(lambda s: self.log_likelihood(s, restricted), t, 2, h=mp.mpf(10) ** -20 * (t + min(self.v)))
        w = [1 / (v + t) for v in self.v]
        p = residual(w, self.x)
        expected = (product_trace(p, p) if restricted else mp.fsum(a * a for a in w)) / 2
        return 1 / mp.sqrt(expected), (1 / mp.sqrt(observed) if observed > 0 else None)


def bootstrap(y, v):
    y, v = [mp.mpf(a) for a in y], [mp.mpf(a) for a in v]
    k = len(y)
    out = []
    for draw in itertools.product(range(k), repeat=k):
        w = [1 / v[i] for i in draw]
        s = mp.fsum(w)
        m = mp.fsum(a * y[i] for a, i in zip(w, draw)) / s
        q = mp.fsum(a * (y[i] - m) ** 2 for a, i in zip(w, draw))
        out.append(max(mp.mpf(0), (q - (k - 1)) / (s - mp.fsum(a * a for a in w) / s)))
    mean = mp.fsum(out) / len(out)
    return mean, mp.sqrt(mp.fsum((t - mean) ** 2 for t in out) / len(out))


def main():
    with open("mpmath_pool.json") as file:
        data = [c for c in json.load(file)["cases"]]
    chosen = []
    for case in data:
        y, v = [float(a) for a in case["yi"]], [float(a) for a in case["vi"]]
        if 4 <= len(y) <= 13 and min(v) > 0 and max(v) / min(v) < 1e9 and max(y) > min(y) and (len(y) < 12 or case["name"] in ("bcg_RR", "k12_mixed")) and not case["name"].startswith("ivig_c2_P"):
            chosen.append((case["name"], y, v))
    rows = []
    for name, y, v in chosen:
        for p in (1, 2) if len(y) < 10 else (1,):
            d = Data(y, v, p)
            row = {"name": name, "coefficients": p, "y": y, "v": v}
            row["GENQ"] = {kind: [text(a) for a in d.genq(kind)] for kind in KINDS if p == 1 or kind != "user"}
            if max(v) / min(v) < 1e5:
                row["GENQM"] = {kind: [text(a) for a in d.genqm(kind)] for kind in KINDS if p == 1 or kind != "user"}
            row["BM"] = {}
            row["SE"] = []
            for kind, restricted in (("REML", True), ("ML", False)):
                mode, count = d.bayes_mode(restricted)
                row["BM"][kind] = [text(mode), count]
                for t in (0.0, float(max(v)), float(mode)):
                    expected, observed = d.information(mp.mpf(t), restricted)
                    row["SE"].append({"likelihood": kind, "tau2": t, "expected": text(expected), "observed": text(observed)})
            rows.append(row)
            print(name, p, "GENQM" in row, flush=True)
    boot = []
    for name, y, v in chosen:
        for k in (3, 4, 5):
            if len(boot) < 24:
                mean, sd = bootstrap(y[:k], v[:k])
                boot.append({"name": f"{name}, first {k}", "y": y[:k], "v": v[:k], "mean": text(mean), "sd": text(sd)})
    source = {"tool": "mpmath", "version": mp.__version__, "script": "tau2_further.py", "data": "mpmath_pool.json; coefficients 2: (1, (7 i) mod 5)"}
    with open("tau2_further.json", "w") as file:
        file.write('{"source": ' + json.dumps(source) + ',\n"cases": [\n' + ",\n".join(map(json.dumps, rows)))
        file.write('\n],\n"bootstrap": [\n' + ",\n".join(map(json.dumps, boot)) + "\n]}\n")


main()
