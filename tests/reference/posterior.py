"""Posterior distributions of the normal-normal model from their definitions. Run here: nice python3 posterior.py (mpmath; a quarter of an hour)

Data sets of mpmath_pool.json, each with several priors of tau and a flat or normal prior of the mean. Marginal likelihoods are products of
normal densities, the mean integrated out by the determinant and the quadratic form of its precision. Integrals over tau by the
double-exponential rule tau = exp(pi/2 sinh t), whose distribution functions at the quantiles found must agree to 1e-10 with those of the
rule of twice the step (the error of the rule is about the square of that); distribution function of tau by mpmath's tanh-sinh rule on finite intervals of tau.
"""
import json
import sys
from multiprocessing import Pool
import mpmath as mp
import numpy as np
from scipy import optimize, special

mp.mp.dps = 28
LEVEL = mp.mpf("0.95")


def text(x):
    return None if x is None else mp.nstr(x, 22, strip_zeros=True, min_fixed=-4, max_fixed=15)


def ln_prior(prior, tau, v):
    name, *p = prior
    p = [mp.mpf(a) for a in p]
    if name == "HalfNormal":
        return mp.log(mp.sqrt(2 / mp.pi) / p[0]) - tau ** 2 / (2 * p[0] ** 2)
    if name == "HalfCauchy":
        return mp.log(2 / (mp.pi * p[0] * (1 + (tau / p[0]) ** 2)))
    if name == "LogNormalTau2":
        # tau = sqrt(x), ln x normal: density of x times dx/dtau = 2 tau
        x = tau ** 2
        return mp.log(2 * tau / (x * p[1] * mp.sqrt(2 * mp.pi))) - (mp.log(x) - p[0]) ** 2 / (2 * p[1] ** 2)
    if name == "Uniform":
        return mp.mpf(0)
    if name == "Jeffreys":
        return mp.log(tau) + mp.log(mp.fsum((a + tau ** 2) ** -2 for a in v)) / 2


class Model:
    def __init__(self, y, v, prior, mean):
        self.y, self.v = [mp.mpf(a) for a in y], [mp.mpf(a) for a in v]
        self.prior = prior
        self.mean = None if mean is None else (mp.mpf(mean[0]), mp.mpf(mean[1]))

    def at(self, tau):
        """Log of prior times likelihood, conditional mean and variance of mu."""
        w = [1 / (a + tau ** 2) for a in self.v]
        precision, linear = mp.fsum(w), mp.fsum(a * b for a, b in zip(w, self.y))
        log = -mp.fsum(mp.log(a + tau ** 2) for a in self.v) / 2 - len(self.v) * mp.log(2 * mp.pi) / 2
        if self.mean is not None:
            m0, s0 = self.mean
            precision, linear = precision + s0 ** -2, linear + m0 / s0 ** 2
            log -= mp.log(2 * mp.pi * s0 ** 2) / 2
        m = linear / precision
        # Completing the square around m: what is left are squares.
        rest = mp.fsum(a * (b - m) ** 2 for a, b in zip(w, self.y))
        if self.mean is not None:
            rest += ((m - m0) / s0) ** 2
        log += -rest / 2 + mp.log(2 * mp.pi / precision) / 2
        return log + ln_prior(self.prior, tau, self.v), m, 1 / precision

    def nodes(self, step, shift):
        out, peak = [], self.at(self.unit)[0]
        self.peak = peak
        for sign in (1, -1):
            j = 0 if sign == 1 else -1
            small = 0
            while (small < 12 or abs(j * step) < 1) and abs(j) < 4000:
                t = shift + j * step
                tau = self.unit * mp.exp(mp.pi / 2 * mp.sinh(t))
                log, m, s2 = self.at(tau)
                weight = mp.exp(log - peak) * tau * mp.pi / 2 * mp.cosh(t) * step
                # Second moments are wanted too.
                small = small + 1 if weight * (1 + (tau / self.unit) ** 2) < mp.mpf(10) ** -26 * self.unit else 0
                out.append((tau, weight, m, s2))
                j += sign
        return out

    def solve(self, per_unit):
        k = len(self.v)
        # Where the density of ln tau is highest: the rule is centred there.
        grid = [mp.exp(mp.mpf(i) / 4) * mp.sqrt(max(self.v)) for i in range(-160, 40)]
        self.unit = max(grid, key=lambda tau: self.at(tau)[0] + mp.log(tau))
        step = mp.mpf(1) / per_unit
        coarse = self.nodes(step, mp.mpf(0))
        more = self.nodes(step, step / 2)
        fine = [(a, b / 2, c, d) for a, b, c, d in coarse + more]
        whole, whole_coarse = mp.fsum(a[1] for a in fine), mp.fsum(a[1] for a in coarse)
        if abs(whole_coarse / whole - 1) > mp.mpf(10) ** -11:
            return self.solve(2 * per_unit)
        kinds = {"mu": lambda n: mp.sqrt(n[3]), "new": lambda n: mp.sqrt(n[3] + n[0] ** 2)}
        out = {}

        def cdf(nodes, total, kind, x, upper=False):
            s = -1 if upper else 1
            return mp.fsum(n[1] * mp.ncdf(s * (x - n[2]) / kinds[kind](n)) for n in nodes) / total

        worst = mp.mpf(0)
        for kind in kinds:
            # Doubles bring the quantile near, Newton's steps the digits.
            share = np.array([float(n[1] / whole) for n in fine])
            m = np.array([float((n[2] - self.y[0]) / self.unit) for n in fine])
            s = np.array([float(kinds[kind](n) / self.unit) for n in fine])
            for name, tail, upper in [("lower", (1 - LEVEL) / 2, False), ("median", mp.mpf(1) / 2, False), ("upper", (1 - LEVEL) / 2, True)]:
                sign = -1 if upper else 1
                rough = lambda x: np.log((share * special.ndtr(sign * (x - m) / s)).sum()) - float(mp.log(tail))
                reach = 1.0
                while (rough(-reach) > 0) == (rough(reach) > 0):
                    reach *= 2
                x = self.y[0] + self.unit * mp.mpf(optimize.brentq(rough, -reach, reach, xtol=1e-14))
                for _ in range(6):
                    pdf = mp.fsum(n[1] * mp.npdf((x - n[2]) / kinds[kind](n)) / kinds[kind](n) for n in fine) / whole
                    move = sign * (cdf(fine, whole, kind, x, upper) - tail) / pdf
                    x -= move
                    if abs(move) < mp.mpf(10) ** -22 * self.unit:
                        break
                assert abs(move) < mp.mpf(10) ** -18 * self.unit, (kind, name, move)
                out[kind + "_" + name] = text(x)
                worst = max(worst, abs(cdf(coarse, whole_coarse, kind, x, upper) - tail))
        # A threshold away from the middle.
        at = mp.mpf(out["mu_lower"])
        out["threshold"] = float(at)
        out["new_below"] = text(cdf(fine, whole, "new", mp.mpf(out["threshold"])))
        out["mu_below"] = text(cdf(fine, whole, "mu", mp.mpf(out["threshold"])))
        p = (k if self.mean else k - 1) + {"HalfNormal": 100, "LogNormalTau2": 100, "HalfCauchy": 2, "Uniform": 0, "Jeffreys": 1}[self.prior[0]]
        mean = mp.fsum(n[1] * n[2] for n in fine) / whole
        out["mean"] = text(mean) if p > 2 or self.mean else None
        var = mp.fsum(n[1] * (n[3] + (n[2] - mean) ** 2) for n in fine) / whole
        out["sd"] = text(mp.sqrt(var)) if p > 3 or self.mean else None
        if out["sd"]:
            # Far tails of tau carry the variance: it converges last.
            rough = mp.fsum(n[1] * (n[3] + (n[2] - mean) ** 2) for n in coarse) / whole_coarse
            worst = max(worst, abs(rough / var - 1))
        out["tau_mean"] = text(mp.fsum(n[1] * n[0] for n in fine) / whole) if p > 2 else None
        proper = self.mean is not None and self.prior[0] not in ("Uniform", "Jeffreys")
        out["ln_marginal"] = text(mp.log(whole) + self.peak) if proper else None
        # tau: Newton on partial integrals.
        density = lambda tau: mp.exp(self.at(tau)[0] - self.peak) / whole if tau > 0 else mp.mpf(0)
        cuts = sorted(n[0] for n in fine if n[1] / whole > mp.mpf(10) ** -24)
        grid = [mp.mpf(0)] + cuts[:: max(1, len(cuts) // 12)]
        total, parts = mp.mpf(0), []
        for a, b in zip(grid, grid[1:]):
            part = mp.quad(density, [a, b])
            parts.append((a, b, total, part))
            total += part
        for name, p in [("lower", (1 - LEVEL) / 2), ("median", mp.mpf(1) / 2), ("upper", 1 - (1 - LEVEL) / 2)]:
            a, b, before, part = next(q for q in parts if q[2] + q[3] >= p)
            x = a + (b - a) * (p - before) / part
            lo, hi, known, at = a, b, before, a
            for _ in range(60):
                known += mp.quad(density, [at, x])
                at = x
                if known < p:
                    lo = x
                else:
                    hi = x
                step_ = (p - known) / density(x)
                if abs(step_) < mp.mpf(10) ** -20 * x:
                    x += step_
                    break
                x = x + step_ if lo < x + step_ < hi else (lo + hi) / 2
            out["tau_" + name] = text(x)
        out["worst"] = mp.nstr(worst, 3)
        return out


def run(job):
    name, y, v, prior, mean = job
    per_unit, worst = 12, 1
    while worst > 1e-10:
        out = Model(y, v, prior, mean).solve(per_unit)
        per_unit, worst = 2 * per_unit, float(out.pop("worst"))
    row = {"name": name, "prior": prior, "mean_prior": mean, **out}
    print(name, prior, mean, worst, flush=True)
    return row


NAMES = ["bcg_RR", "bcg_RD", "hine1989_RD", "normand1999_SMD", "normand1999_MD", "viechtbauer2005_GEN", "k2_heterogeneous", "k2_unequal",
         "k2_homogeneous", "k3_heterogeneous", "k3_boundary", "equal_variances", "identical_effects", "imprecise_outlier", "two_modes",
         "variance_ratio_1e12", "tau2_dominates", "k12_mixed", "ivig_a_PLO", "tiny_scale", "huge_scale", "huge_offset", "lau1992_OR"]


def jobs():
    pool = {c["name"]: c for c in json.load(open("mpmath_pool.json"))["cases"]}
    for i, name in enumerate(NAMES):
        y, v = pool[name]["yi"], pool[name]["vi"]
        unit = float(mp.nstr(mp.sqrt(sorted(v)[len(v) // 2]), 3))
        near = [min(y), 3 * unit]
        k = len(y)
        yield name, y, v, ["HalfNormal", unit], None
        yield name, y, v, ["HalfCauchy", unit / 2], near if i % 2 else None
        yield name, y, v, ["LogNormalTau2", float(mp.nstr(2 * mp.log(unit) - 1, 5)), 1.6], None if i % 2 else near
        # The double-exponential rule takes too long for twelve decades and a tail of tau^-3.
        if (k > 2 or i % 2) and name != "variance_ratio_1e12":
            yield name, y, v, ["Uniform"], None if k > 2 else near
        if i % 3 == 0:
            yield name, y, v, ["Jeffreys"], None
        if i % 3 == 1:
            yield name, y, v, ["HalfNormal", unit], near


def main():
    rows = []
    with Pool(2) as workers:
        for row in workers.imap(run, list(jobs()), chunksize=1):
            rows.append(row)
            with open("posterior.json", "w") as out:
                source = {"tool": "mpmath", "version": mp.__version__, "script": "posterior.py", "data": "mpmath_pool.json"}
                out.write('{"source": %s, "level": 0.95, "cases": [\n%s\n]}\n' % (json.dumps(source), ",\n".join(json.dumps(r) for r in rows)))


if __name__ == "__main__":
    sys.setrecursionlimit(10000)
    main()
