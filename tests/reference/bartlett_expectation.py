"""The expectation of the likelihood ratio statistic of the mean, which Bartlett's factor (Noma 2011) gives to second order, by simulation.
Run here: python3 bartlett_expectation.py

PyMARE fits both models by maximum likelihood (a design of zeros is the model whose mean is 0), scipy gives the log-densities. Samples have
the estimated tau2, mean 0 and the variances of the data. From each ratio the square of the true standardised mean is taken, whose
expectation is 1, so that fewer samples do. "se" is the standard error of "expectation".
"""
import json
import platform

import numpy as np
import pymare
import scipy
from pymare.estimators import VarianceBasedLikelihoodEstimator
from scipy.stats import norm

SAMPLES, BLOCK = 400_000, 20_000


def maximum(y, v, design):
    """Log-likelihood at its maximum, and tau2 there."""
    fit = VarianceBasedLikelihoodEstimator(method="ML").fit(y, v, design)
    tau2 = np.ravel(fit.params_["tau2"])
    mean = design @ fit.params_["fe_params"]
    return norm.logpdf(y, mean, np.sqrt(v + tau2)).sum(0), tau2


def case(name, y, v):
    y, v = np.array(y), np.array(v)
    k = len(y)
    one, zero = np.ones((k, 1)), np.zeros((k, 1))
    tau2 = maximum(y[:, None], v[:, None], one)[1][0]
    rng = np.random.default_rng(20)
    w = 1 / (v + tau2)
    excess = []
    for _ in range(SAMPLES // BLOCK):
        sample = rng.standard_normal((k, BLOCK)) * np.sqrt(v + tau2)[:, None]
        variances = np.repeat(v[:, None], BLOCK, 1)
        ratio = 2 * (maximum(sample, variances, one)[0] - maximum(sample, variances, zero)[0])
        excess.append(ratio - (w @ sample) ** 2 / w.sum())
    excess = np.concatenate(excess)
    return {
        "name": name, "yi": y.tolist(), "vi": v.tolist(), "tau2": float(tau2),
        "expectation": float(1 + excess.mean()), "se": float(excess.std() / np.sqrt(len(excess))),
    }


def effects(v, tau2):
    """Effects at the quantiles of their distribution, not in the order of the variances."""
    k = len(v)
    z = norm.ppf((np.arange(k) * 7 % k + 0.5) / k)
    return np.round(0.3 + z * np.sqrt(np.array(v) + tau2), 3).tolist()


four = [0.05, 0.1, 0.2, 0.6]
CASES = {"k8": four * 2, "k16": four * 4, "k32": four * 8, "one precise study": [0.02] + [0.3, 0.45, 0.7] * 5}
# Large enough for the estimates of tau2 to be 0 in hardly any sample.
SPREAD = {"k8": 2.5, "k16": 1.2, "k32": 0.6, "one precise study": 0.9}

result = {
    "call": "python3 bartlett_expectation.py",
    "versions": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__, "pymare": pymare.__version__},
    "samples": SAMPLES,
    "cases": [case(name, effects(v, SPREAD[name]), v) for name, v in CASES.items()],
}
with open("bartlett_expectation.json", "w") as out:
    json.dump(result, out, indent=1)
for c in result["cases"]:
    w = 1 / (np.array(c["vi"]) + c["tau2"])
    s1, s2, s3 = w.sum(), (w**2).sum(), (w**3).sum()
    print(c["name"], c["tau2"], c["expectation"], c["se"], "factor", 1 + 2 * s3 / (s1 * s2) - s2 / (2 * s1 * s1))
