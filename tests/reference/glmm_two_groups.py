"""References for the conditional models of two groups.

    theta_i ~ N(mu, t)
    x1_i | margins:  noncentral hypergeometric with odds ratio exp(theta_i)                         kind "exact"
                     binomial(x1 + x2, p), logit p = theta_i + ln(n1 / n2)                            kinds "approximate", "rates"

Stijnen, Hamza & Ozdemir 2010, Stat Med 29:3046.  The likelihoods are written down from these definitions: the binomial coefficients of
the hypergeometric distribution are whole numbers. Quadrature and maximisation as in glmm_one_group.py, which has to lie beside this file.

    python glmm_two_groups.py          writes glmm_two_groups.json beside this file; needs numpy, scipy and mpmath
"""

import json
import os
import random
import sys
from math import comb

import numpy as np
from mpmath import mp, mpf

import glmm_one_group as base

HERE = os.path.dirname(os.path.abspath(__file__))


class Shifted(base.Study):
    """x1 of x1 + x2 events whose logit is theta + offset."""

    def __init__(self, x1, size1, x2, size2):
        self.offset = mp.log(mpf(size1)) - mp.log(mpf(size2))
        super().__init__("logit", x1, mpf(x1) + mpf(x2))

    def shape(self):
        knee, width = super().shape()
        return knee - float(self.offset), width

    def exact(self, theta):
        return super().exact(theta + self.offset)

    def rough(self, theta):
        return super().rough(theta + float(self.offset))


class Hypergeometric:
    """Events of the first group given the margins."""

    # What base.Study has and this one needs too.
    panels = base.Study.panels

    def __init__(self, x1, n1, x2, n2):
        m = x1 + x2
        low, high = max(0, m - n2), min(n1, m)
        self.at = x1 - low
        whole = [comb(n1, t) * comb(n2, m - t) for t in range(low, high + 1)]
        self.c = [mpf(c) / whole[self.at] for c in whole]
        self.ln = np.array([float(mp.log(c)) for c in self.c])
        self.steps = np.arange(len(whole)) - self.at
        self.none, self.all = self.at == 0, x1 == high
        half = [v + 0.5 if min(x1, n1 - x1, x2, n2 - x2) == 0 else v for v in (x1, n1 - x1, x2, n2 - x2)]
        if self.none:
            self.knee, self.width = -float(self.ln[1]), 1.0
        elif self.all:
            self.knee, self.width = float(self.ln[-2]), 1.0
        else:
            self.knee, self.width = float(np.log(half[0] * half[3] / half[1] / half[2])), float(sum(1 / v for v in half) ** 0.5)
        # In doubles every h-th term is enough where the distribution is wide.
        self.every = max(1, int(1 / self.width / 3))

    def exact(self, theta):
        z, total = mp.exp(theta), mpf(0)
        for c in reversed(self.c):
            total = total * z + c
        return theta * self.at - mp.log(total)

    def rough(self, theta):
        theta = np.asarray(theta, dtype=float)
        pick = slice(self.at % self.every, None, self.every)
        logs = self.ln[pick] + theta[..., None] * self.steps[pick]
        top = logs.max(axis=-1)
        return -top - np.log(np.exp(logs - top[..., None]).sum(axis=-1) * self.every)


def build(kind, rows):
    if kind == "exact":
        return [Hypergeometric(*row) for row in rows if 0 < row[0] + row[2] < row[1] + row[3]]
    keep = [row for row in rows if row[0] + row[2] > 0 and (kind == "rates" or row[0] + row[2] < row[1] + row[3])]
    return [Shifted(*row) for row in keep]


def far(kind, rows):
    """The likelihood itself at large t, near the data and far from them, by two rules that have to agree."""
    out = []
    for t in (1e2, 1e3, 1e4, 1e5, 1e6):
        for mu in (-30.0, 0.0, 4.0, 60.0):
            if abs(mu) + 8 > 11 * t**0.5:  # where the panels end
                continue
            values = [sum(base.moments(s, mpf(mu), mpf(t), order=order)[0] for s in build(kind, rows)) for order in (24, 32)]
            assert abs(values[0] - values[1]) < mpf(10) ** -14 * (1 + abs(values[0])), (rows, mu, t, values)
            out.append([mu, t, float(values[1])])
    return out


def reference(kind, name, rows):
    studies = build(kind, rows)
    _, t, solved = base.solution(name, studies)
    if t > 0:
        post = [base.moments(s, mpf(solved["mu"]), mpf(solved["tau2"]))[1] for s in studies]
        tau = mp.sqrt(solved["tau2"])
        solved["effects"] = [float(solved["mu"] + tau * u[0]) for u in post]
        solved["effects_sd"] = [float(tau * mp.sqrt(u[1] - u[0] ** 2)) for u in post]
    return {"name": name, "kind": kind, "rows": [list(map(float, row)) for row in rows], **solved}


def simulated(rng, k, p, effect, tau, sizes, ratio=1.0):
    rows = []
    for _ in range(k):
        n1 = int(np.exp(rng.uniform(np.log(sizes[0]), np.log(sizes[1]))))
        n2 = max(2, int(n1 * ratio))
        eta = np.log(p / (1 - p)) + rng.gauss(0, 0.4)
        risks = [1 / (1 + np.exp(-eta - effect - tau * rng.gauss(0, 1))), 1 / (1 + np.exp(-eta))]
        x1, x2 = (sum(bool(rng.random() < q) for _ in range(n)) for q, n in zip(risks, (n1, n2)))
        rows.append((x1, n1, x2, n2))
    return rows


def simulated_rates(rng, k, rate, effect, tau, times):
    rows = []
    for _ in range(k):
        t1, t2 = (float(round(rng.uniform(*times), 2)) for _ in range(2))
        base_rate = rate * np.exp(rng.gauss(0, 0.4))
        poisson = np.random.RandomState(rng.randrange(2**31)).poisson
        rows.append((int(poisson(t1 * base_rate * np.exp(effect + tau * rng.gauss(0, 1)))), t1, int(poisson(t2 * base_rate)), t2))
    return rows


def cases():
    ivig = [(9, 12, 0, 11), (37, 47, 21, 48)]
    nielweise = [(0, 116, 3, 117), (1, 44, 3, 35), (2, 208, 9, 195), (0, 130, 7, 136), (5, 151, 6, 157), (1, 98, 4, 139), (1, 174, 3, 177),
                 (1, 74, 2, 39), (1, 97, 19, 103), (1, 113, 2, 122), (0, 66, 7, 64), (0, 70, 1, 58), (3, 188, 5, 175), (6, 187, 11, 180),
                 (0, 118, 0, 105), (0, 252, 1, 262), (1, 345, 3, 362), (4, 64, 1, 69)]
    hine = [(2, 39, 1, 43), (4, 44, 4, 44), (6, 107, 4, 110), (7, 103, 5, 100), (7, 110, 3, 106), (11, 154, 4, 146)]
    li = [(1, 40, 2, 36), (4, 56, 14, 74), (2, 92, 7, 93), (1, 48, 1, 46), (1, 25, 3, 23), (1, 50, 9, 53)]
    balcon = [(14, 56, 15, 58), (18, 66, 19, 64), (15, 100, 12, 95), (10, 52, 12, 47), (21, 226, 24, 228), (3, 38, 6, 31)]
    lee = [(18, 100, 20, 100), (5, 50, 18, 50), (9, 20, 7, 20), (32, 135, 31, 139), (9, 23, 10, 23), (11, 18, 12, 18)]
    rng = random.Random(20261122)
    tables = [
        ("ivig", ivig), ("nielweise 2007", nielweise), ("hine 1989", hine), ("li 2007, first six", li), ("yusuf 1985, first six", balcon),
        ("lee 2004, first six", lee), ("nielweise 2007, first eight", nielweise[:8]),
        ("two tables", [(3, 10, 1, 12), (6, 9, 2, 11)]), ("two, one at the end", [(4, 9, 0, 8), (5, 12, 3, 14)]),
        ("equal tables", [(3, 20, 5, 20)] * 4), ("one event each, mostly", [(1, 30, 0, 28), (0, 25, 1, 26), (1, 40, 1, 38), (2, 35, 0, 33)]),
        ("opposite", [(9, 10, 1, 10), (1, 10, 9, 10), (5, 10, 5, 10)]), ("opposite and empty", [(5, 10, 0, 10), (0, 10, 5, 10), (3, 10, 2, 10)]),
        ("unbalanced", [(1, 10, 3, 400), (0, 12, 9, 600), (3, 15, 2, 150), (2, 9, 11, 350)]),
        ("unbalanced the other way", [(12, 500, 0, 9), (4, 300, 1, 14), (9, 650, 0, 8)]),
        ("nearly all", [(48, 50, 50, 52), (40, 41, 38, 40), (60, 60, 55, 57), (33, 35, 30, 30)]),
        ("one larger", [(1, 20, 3, 22), (310, 800, 390, 820), (0, 15, 2, 14)]),
        ("larger and close", [(205, 600, 231, 610), (180, 540, 199, 555), (220, 640, 241, 633)]),
        ("larger and apart", [(105, 400, 231, 410), (180, 340, 99, 355), (120, 340, 121, 333), (60, 300, 15, 310)]),
        ("simulated rare", simulated(rng, 6, 0.02, -0.5, 0.5, (40, 300))), ("simulated rare, equal", simulated(rng, 8, 0.03, 0.7, 0.0, (40, 200))),
        ("simulated small", simulated(rng, 7, 0.4, 0.8, 0.8, (6, 20))), ("simulated moderate", simulated(rng, 6, 0.25, -0.4, 0.3, (30, 120))),
        ("simulated heterogeneous", simulated(rng, 5, 0.3, 0.0, 1.6, (20, 80))), ("simulated unequal sizes", simulated(rng, 6, 0.1, 0.5, 0.6, (20, 90), 3.0)),
        ("simulated many", simulated(rng, 12, 0.08, -0.6, 0.4, (15, 60))),
    ]
    picked = ["ivig", "nielweise 2007", "hine 1989", "li 2007, first six", "two tables", "two, one at the end", "one event each, mostly",
              "opposite and empty", "unbalanced", "unbalanced the other way", "simulated rare", "simulated rare, equal", "simulated small"]
    catheter = [(7, 1344, 11, 1988), (8, 1600, 8, 1461), (3, 12012, 14, 10962), (6, 1536, 10, 1503), (1, 370, 1, 483), (1, 729, 8, 913),
                (17, 6760, 15, 6840), (3, 1107, 7, 1015), (2, 320, 3, 440)]
    hart = [(9, 413, 19, 398), (8, 263, 19, 245), (3, 487, 13, 435), (6, 237, 9, 241), (7, 489, 23, 483), (20, 507, 50, 405)]
    rates = [
        ("nielweise 2008", catheter), ("hart 1999", hart), ("two", [(3, 40.0, 9, 38.5), (1, 20.25, 0, 22.0)]),
        ("sparse", [(0, 100.0, 3, 90.0), (1, 50.0, 0, 60.0), (2, 80.0, 1, 75.0), (0, 30.0, 0, 31.0), (1, 44.0, 2, 40.0)]),
        ("zero in the first groups but one", [(0, 60.0, 3, 55.0), (0, 42.0, 2, 48.0), (1, 70.0, 4, 66.0)]),
        ("times far apart", [(2, 1e-3, 4, 2.0), (5, 3e3, 1, 0.5), (0, 1e5, 2, 10.0), (3, 8.0, 3, 9.0)]),
        ("long", [(1204, 1e6, 1399, 1.1e6), (980, 8.5e5, 1120, 9.1e5), (1500, 1.3e6, 1490, 1.25e6)]),
        ("extreme", [(40, 100.0, 2, 110.0), (3, 90.0, 50, 95.0), (11, 80.0, 12, 85.0), (0, 40.0, 9, 41.0)]),
        ("equal", [(5, 100.0, 7, 100.0)] * 3), ("huge", [(1000000, 5e5, 900000, 4.4e5), (1010000, 5.1e5, 995000, 5.0e5)]),
        ("simulated rare", simulated_rates(rng, 6, 0.02, -0.4, 0.4, (30, 200))), ("simulated", simulated_rates(rng, 8, 0.1, 0.5, 0.6, (20, 150))),
        ("simulated equal", simulated_rates(rng, 7, 0.08, 0.0, 0.0, (20, 100))),
    ]
    every = [("exact", name, rows) for name, rows in tables]
    every += [("approximate", name, rows) for name, rows in tables if name in picked]
    return every + [("rates", name, rows) for name, rows in rates]


# Data for the likelihood itself far out: events in one group only, in either, in both.
FAR = [
    ("exact", [(0, 10, 5, 12)]), ("exact", [(5, 10, 0, 12)]), ("exact", [(4, 10, 3, 12)]), ("exact", [(0, 9, 9, 400)]),
    ("exact", [(40, 100, 30, 90)]), ("exact", [(1, 200, 1, 180)]), ("approximate", [(0, 10, 5, 400)]), ("rates", [(0, 1000.0, 3, 2.0)]),
    ("rates", [(3, 1000.0, 0, 2.0)]), ("rates", [(3, 1000.0, 2, 2.0)]), ("rates", [(0, 0.01, 3, 200.0)]), ("rates", [(1000, 5e4, 900, 5e4)]),
]


if __name__ == "__main__":
    wanted = sys.argv[1:]
    results, away = [], []
    for kind, rows in [] if wanted else FAR:
        away.append({"kind": kind, "rows": [list(map(float, row)) for row in rows], "points": far(kind, rows)})
        print("far", rows, len(away[-1]["points"]), flush=True)
    for kind, name, rows in cases():
        if wanted and name not in wanted:
            continue
        try:
            results.append(reference(kind, name, rows))
            r = results[-1]
            print(kind, name, r["mu"], r["tau2"], r["ll"], r["mu_lower"], r["mu_upper"], r["tau2_lower"], r["tau2_upper"], r["peaks_seen"], flush=True)
        except Exception as failure:  # shown, and the count in the test fails
            print("FAILED", kind, name, repr(failure), flush=True)
    if not wanted:
        with open(os.path.join(HERE, "glmm_two_groups.json"), "w") as out:
            json.dump({"source": "glmm_two_groups.py", "level": 0.95, "cases": results, "far": away}, out, indent=0)
            out.write("\n")
