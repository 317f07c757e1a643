"""The exact interval of Michael, Thornton, Xie & Tian (2019) from parts of other packages: DerSimonian-Laird estimates by PyMARE, densities by
scipy, random numbers by numpy. Run here: python3 exact_mean.py

The statistic at a mean and a tau2, with weight c, is

    (m - mu)^2 W + c (l(m, t) - l(mu, tau2))

with PyMARE's m and t, W = sum 1/(v + t), and l the log-likelihood: "statistics" holds it as it is. (PyMARE's own variance of m is not 1/W.)

Random numbers, grid of tau2 and order of work of the interval differ from the crate's: four times 20 000 samples, a fine logarithmic
grid, and a numerical root of the statistic in mu instead of its closed form. Agreement is therefore within Monte Carlo error, which
is estimated by repeating with other samples ("spread": standard deviation of each end, and of the p-value of mean 0, over four repeats).
"""
import json
import platform

import numpy as np
import pymare
import scipy
from pymare.estimators import DerSimonianLaird
from scipy.stats import norm

SETS = {
    "k2": ([0.1, 1.4], [0.04, 0.09]),
    "k3": ([0.2, 0.5, 0.9], [0.04, 0.09, 0.05]),
    "k4_boundary": ([0.31, 0.28, 0.35, 0.30], [0.02, 0.05, 0.04, 0.01]),
    "k5": ([-0.3, 0.6, 1.1, 0.2, 0.9], [0.10, 0.05, 0.20, 0.02, 0.15]),
    "k6": ([-0.2683, -0.6069, -0.4356, 0.6483, -0.2211, -0.2508], [1.12079, 0.08715, 0.10021, 0.11632, 0.03057, 0.01591]),
    "k10": ([0.1, 0.4, -0.2, 0.8, 0.5, 0.3, 1.2, 0.0, 0.6, 0.7], [0.05, 0.08, 0.04, 0.2, 0.1, 0.06, 0.3, 0.02, 0.09, 0.12]),
}


def dl(y, v):
    """Mean, tau2 and W of each row of y."""
    rows = np.atleast_2d(y)
    fit = DerSimonianLaird().fit(rows.T, np.repeat(v[:, None], len(rows), 1), np.ones((len(v), 1))).params_
    tau2 = np.ravel(fit["tau2"])
    return np.ravel(fit["fe_params"]), tau2, (1 / (v + tau2[:, None])).sum(1)


def log_likelihood(y, v, m, t):
    return norm.logpdf(y, np.asarray(m)[..., None], np.sqrt(v + np.asarray(t)[..., None])).sum(-1)


def statistic(y, v, mu, tau2, c, estimates=None):
    m, t, weight = estimates or dl(y, v)
    value = (m - mu) ** 2 * weight + c * (log_likelihood(y, v, m, t) - log_likelihood(y, v, mu, tau2))
    return value if y.ndim > 1 else value[0]


def interval(y, v, level, seed, draws):
    k = len(y)
    c = 1.2 if k < 6 else 0.6 if k < 10 else 0.2
    z = np.random.default_rng(seed).standard_normal((draws, k))
    size = max(v.max(), (y.max() - y.min()) ** 2)
    grid = np.concatenate([[0.0], np.geomspace(1e-3 * v.min(), 1e6 * size, 130)])
    low, high, p = np.inf, -np.inf, 0.0
    observed = dl(y, v)
    for tau2 in grid:
        null = statistic(z * np.sqrt(v + tau2), v, 0.0, tau2, c)
        critical = np.quantile(null, level)
        p = max(p, (1 + (null >= statistic(y, v, 0.0, tau2, c, observed)).sum()) / (draws + 1))
        mus = np.linspace(y.min(), y.max(), 101)
        at = np.array([statistic(y, v, mu, tau2, c, observed) for mu in mus])  # a parabola: no other valley can hide
        best = mus[at.argmin()]
        if at.min() > critical:
            continue
        for side in [-1, 1]:
            inside, step = best, np.sqrt(size)
            while statistic(y, v, inside + side * step, tau2, c, observed) <= critical:
                step *= 2
            outside = inside + side * step
            for _ in range(40):
                mid = (inside + outside) / 2
                inside, outside = (mid, outside) if statistic(y, v, mid, tau2, c, observed) <= critical else (inside, mid)
            low, high = min(low, inside), max(high, inside)
    return low, high, p


def statistics():
    """At the estimates, far from them, on the boundary, and with weights other than the default."""
    cases = []
    for name, (y, v) in SETS.items():
        y, v = np.array(y), np.array(v)
        for mu in [-1.0, 0.0, 0.35, 2.0]:
            for tau2 in [0.0, 0.003, 0.2, 7.0]:
                for c in [0.2, 1.2]:
                    cases.append({"name": name, "yi": list(y), "vi": list(v), "mu": mu, "tau2": tau2, "c": c,
                                  "statistic": float(statistic(y, v, mu, tau2, c))})
    return cases


def main():
    cases = []
    for name, (y, v) in SETS.items():
        y, v = np.array(y), np.array(v)
        for level in [0.95, 0.8]:
            ends = np.array([interval(y, v, level, seed, 20_000) for seed in range(4)])
            mean, spread = ends.mean(0), ends.std(0, ddof=1)
            cases.append({"name": name, "yi": list(y), "vi": list(v), "level": level, "lower": mean[0], "upper": mean[1],
                          "p_value": mean[2], "spread": list(spread)})
            print(name, level, mean, spread, flush=True)
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__, "pymare": pymare.__version__}
    with open("exact_mean.json", "w") as out:
        out.write('{"call": "python3 exact_mean.py", "versions": %s,\n"cases": [\n%s\n],\n"statistics": [\n%s\n]}\n' % (
            json.dumps(versions), ",\n".join(json.dumps(c) for c in cases), ",\n".join(json.dumps(c) for c in statistics())))


main()
