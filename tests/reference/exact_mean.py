"""The exact interval of Michael, Thornton, Xie & Tian (2019), written independently with numpy. Run here: python3 exact_mean.py

Random numbers, grid of tau2 and order of work differ from the crate's: four times 20 000 samples from numpy's generator, a fine logarithmic
grid, and a numerical root of the statistic in mu instead of its closed form. Agreement is therefore within Monte Carlo error, which
is estimated by repeating with other samples ("spread": standard deviation of each end over four repeats).
"""
import json
import numpy as np

SETS = {
    "k2": ([0.1, 1.4], [0.04, 0.09]),
    "k3": ([0.2, 0.5, 0.9], [0.04, 0.09, 0.05]),
    "k4_boundary": ([0.31, 0.28, 0.35, 0.30], [0.02, 0.05, 0.04, 0.01]),
    "k5": ([-0.3, 0.6, 1.1, 0.2, 0.9], [0.10, 0.05, 0.20, 0.02, 0.15]),
    "k6": ([-0.2683, -0.6069, -0.4356, 0.6483, -0.2211, -0.2508], [1.12079, 0.08715, 0.10021, 0.11632, 0.03057, 0.01591]),
    "k10": ([0.1, 0.4, -0.2, 0.8, 0.5, 0.3, 1.2, 0.0, 0.6, 0.7], [0.05, 0.08, 0.04, 0.2, 0.1, 0.06, 0.3, 0.02, 0.09, 0.12]),
}


def dl(y, v):
    w = 1 / v
    m0 = (y * w).sum(-1, keepdims=True) / w.sum()
    q = (w * (y - m0) ** 2).sum(-1)
    t = np.maximum(0, (q - (len(v) - 1)) / (w.sum() - (w ** 2).sum() / w.sum()))
    w = 1 / (v + t[..., None])
    m = (w * y).sum(-1) / w.sum(-1)
    return m, t, w.sum(-1)


def log_density(y, v, m, t):
    s = v + np.asarray(t)[..., None]
    return -0.5 * (np.log(2 * np.pi * s) + (y - np.asarray(m)[..., None]) ** 2 / s).sum(-1)


def statistic(y, v, mu, tau2, c):
    m, t, weight = dl(y, v)
    return (m - mu) ** 2 * weight + c * (log_density(y, v, m, t) - log_density(y, v, mu, tau2))


def interval(y, v, level, seed, draws):
    k = len(y)
    c = 1.2 if k < 6 else 0.6 if k < 10 else 0.2
    z = np.random.default_rng(seed).standard_normal((draws, k))
    size = max(v.max(), (y.max() - y.min()) ** 2)
    grid = np.concatenate([[0.0], np.geomspace(1e-3 * v.min(), 1e6 * size, 130)])
    low, high = np.inf, -np.inf
    for tau2 in grid:
        null = statistic(z * np.sqrt(v + tau2), v, 0.0, tau2, c)
        critical = np.quantile(null, level)
        mus = np.linspace(y.min(), y.max(), 101)
        at = np.array([statistic(y, v, mu, tau2, c) for mu in mus])  # a parabola: no other valley can hide
        best = mus[at.argmin()]
        if at.min() > critical:
            continue
        for side in [-1, 1]:
            inside, step = best, np.sqrt(size)
            while statistic(y, v, inside + side * step, tau2, c) <= critical:
                step *= 2
            outside = inside + side * step
            for _ in range(40):
                mid = (inside + outside) / 2
                inside, outside = (mid, outside) if statistic(y, v, mid, tau2, c) <= critical else (inside, mid)
            low, high = min(low, inside), max(high, inside)
    return low, high


def main():
    cases = []
    for name, (y, v) in SETS.items():
        y, v = np.array(y), np.array(v)
        for level in [0.95, 0.8]:
            ends = np.array([interval(y, v, level, seed, 20_000) for seed in range(4)])
            mean, spread = ends.mean(0), ends.std(0, ddof=1)
            cases.append({"name": name, "yi": list(y), "vi": list(v), "level": level, "lower": mean[0], "upper": mean[1],
                          "spread": list(spread)})
            print(name, level, mean, spread, flush=True)
    with open("exact_mean.json", "w") as out:
        out.write('{"cases": [\n%s\n]}\n' % ",\n".join(json.dumps(c) for c in cases))


main()
