"""CPU time of PyMARE, statsmodels and numpy on the data of `kernels data FOLDER`, as JSON: nanoseconds per fit.

python3 peers.py FOLDER SECONDS
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import json
import sys
import time
import warnings

import numpy as np
from pymare import Dataset
from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator
from scipy.special import erfc
from statsmodels.stats.meta_analysis import combine_effects

warnings.filterwarnings("ignore")
folder, seconds = sys.argv[1], float(sys.argv[2])
results = {}


def get(name):
    return np.fromfile(os.path.join(folder, name), dtype="<f8")


def measure(name, units, run, rounds=3):
    """Fastest of `rounds` runs of at least `seconds`, after one call to warm up."""

    def once(repeats):
        start = time.process_time()
        for _ in range(repeats):
            run()
        return time.process_time() - start

    repeats = 1
    spent = once(repeats)
    while spent < seconds:
        repeats *= 2
        spent = once(repeats)
    results[name] = min(once(repeats) for _ in range(rounds)) * 1e9 / (repeats * units)


def pymare(estimator, y, v, x=None):
    x = np.ones((len(y), 1)) if x is None else x
    return lambda: estimator.fit(y=y, v=v, X=x)


def numpy_dl(y, v):
    w = 1 / v
    sw = w.sum(0)
    q = (w * (y - (w * y).sum(0) / sw) ** 2).sum(0)
    tau2 = np.maximum(0, (q - (len(y) - 1)) / (sw - (w * w).sum(0) / sw))
    w = 1 / (v + tau2)
    sw = w.sum(0)
    mu = (w * y).sum(0) / sw
    return erfc(np.abs(mu) * np.sqrt(sw / 2))


def with_statistics(estimator, y, v):
    data = Dataset(y=y, v=v, X=np.ones((len(y), 1)), add_intercept=False)

    def run():
        summary = estimator.fit_dataset(data).summary()
        summary.get_fe_stats()
        summary.get_heterogeneity_stats()

    return run


y, v = get("single10.y"), get("single10.v")
k = np.arange(len(y))
moderators = np.column_stack([np.ones(len(y)), k % 7, (k * k) % 11])
column = (y[:, None], v[:, None])
measure("statsmodels dl k=10", 1, lambda: combine_effects(y, v, method_re="dl").summary_frame())
measure("pymare dl k=10", 1, pymare(DerSimonianLaird(), *column))
measure("pymare reml k=10", 1, pymare(VarianceBasedLikelihoodEstimator(method="REML"), *column))
measure("pymare reml 2 moderators k=10", 1, pymare(VarianceBasedLikelihoodEstimator(method="REML"), *column, moderators))
measure("numpy dl p k=10", 1, lambda: numpy_dl(*column))
y, v = get("batch.y").reshape(20, -1), get("batch.v").reshape(20, -1)
units = y.shape[1]
measure("numpy dl p", units, lambda: numpy_dl(y, v))
measure("pymare dl", units, pymare(DerSimonianLaird(), y, v))
measure("pymare dl statistics", units, with_statistics(DerSimonianLaird(), y, v))
measure("pymare reml", units, pymare(VarianceBasedLikelihoodEstimator(method="REML"), y, v), rounds=1)
print(json.dumps(results))
