"""Variances for which no other implementation could be run, by derivations that do not use their closed forms.

SMDH with its third variance, CLESN: the delta method with numerical derivatives of the effect with respect to
means and variances, given the variances that these have in normal samples. Areas under the curve: the exact
variance of the Mann-Whitney statistic for two exponential distributions by quadrature, in groups of the sizes
themselves (LS) or with their mean in the place of each in what people beside one share (LS2); and for a two-point
distribution against a constant by enumeration, where the largest variance is reached (MAX).

Run in this directory:  python3 effect_variances.py     Writes effect_variances.json: 50 digits worked, 25 written.
"""
import json
from itertools import product
from mpmath import mp, mpf, diff, erfc, exp, inf, loggamma, nstr, quad, sqrt

mp.dps = 50
ROWS = [  # m1, s1, n1, m2, s2, n2: the doubles that a program reads
    (10.0, 2.0, 20, 9.0, 2.5, 18), (12.5, 3.0, 13, 13.1, 1.7, 30), (8.8, 2.9, 5, 11.2, 3.8, 6),
    (0.4, 0.1, 400, 0.1, 0.9, 7), (-3.0, 5.0, 2, 4.0, 1.0, 2), (100.0, 15.0, 10000000, 99.0, 14.0, 9999999),
]


def text(x):
    return nstr(x, 25)


def correction(m):
    return exp(loggamma(m / 2) - loggamma((m - 1) / 2)) / sqrt(m / 2)


def delta(f, at, variances):
    """First-order variance of f(m1, v1, m2, v2)."""
    total = mpf(0)
    for i, v in enumerate(variances):
        order = tuple(1 if j == i else 0 for j in range(4))
        total += diff(f, at, order) ** 2 * v
    return total


def phi(z):
    return erfc(-z / sqrt(mpf(2))) / 2


means = []
for row in ROWS:
    m1, s1, n1, m2, s2, n2 = map(mpf, row)
    at = (m1, s1 ** 2, m2, s2 ** 2)
    j = correction(n1 + n2 - 2)
    d = (m1 - m2) / sqrt((s1 ** 2 + s2 ** 2) / 2)
    of_variances = [2 * s1 ** 4 / (n1 - 1), 2 * s2 ** 4 / (n2 - 1)]
    smd = lambda a, v, b, w: (a - b) / sqrt((v + w) / 2)
    # The variance of d as a function of d, taken at g = J d: means by s^2/n, variances by 2 s^4/(n - 1).
    base = delta(smd, at, [s1 ** 2 / n1, 0, s2 ** 2 / n2, 0])
    spread = delta(smd, at, [0, of_variances[0], 0, of_variances[1]])
    cles = lambda a, v, b, w: phi((a - b) / sqrt(v + w))
    # CLESN: s^2/(n - 1) for means, as SMDH has it in its usual variance.
    v_cles = delta(cles, at, [s1 ** 2 / (n1 - 1), of_variances[0], s2 ** 2 / (n2 - 1), of_variances[1]])
    # Equal variances: Phi(d/sqrt 2) of Cohen's d, whose variance is 1/n1 + 1/n2 + d^2/(2 N).
    pooled = sqrt(((n1 - 1) * s1 ** 2 + (n2 - 1) * s2 ** 2) / (n1 + n2 - 2))
    cohen = (m1 - m2) / pooled
    alike = lambda x: phi(x / sqrt(mpf(2)))
    v_alike = diff(alike, cohen) ** 2 * (1 / n1 + 1 / n2 + cohen ** 2 / (2 * (n1 + n2)))
    means.append({
        "row": row, "g": text(j * d), "smdh_ls3": text(base + j ** 2 * spread),
        "clesn": text(cles(*at)), "clesn_ls": text(v_cles), "clesn_ho": text(alike(cohen)), "clesn_ho_v": text(v_alike),
    })


def exponential(a):
    """X of mean r against Y of mean 1 with P(X > Y) = a; P(both of two X > Y), P(X > both of two Y)."""
    r = a / (1 - a)
    above = quad(lambda y: exp(-y) * exp(-y / r) ** 2, [0, 1, 10, inf])
    below = quad(lambda x: exp(-x / r) / r * (1 - exp(-x)) ** 2, [0, min(r, 1), max(r, 1), 10 * max(r, 1), inf])
    return above, below


def share_of_pairs(a, n1, n2, others1, others2):
    above, below = exponential(a)
    return (a * (1 - a) + others1 * (above - a ** 2) + others2 * (below - a ** 2)) / (n1 * n2)


areas = []
for a, n1, n2 in [(0.75, 7, 11), (0.5, 3, 4), (0.9, 20, 13), (0.1, 5, 40), (0.98, 100, 1000), (0.3, 1, 6)]:
    x, p, q = mpf(a), mpf(n1), mpf(n2)
    mean = (p + q) / 2 - 1
    areas.append({"a": a, "n1": n1, "n2": n2, "ls": text(share_of_pairs(x, p, q, p - 1, q - 1)),
                  "ls2": text(share_of_pairs(x, p, q, mean, mean))})

# X is 0 or 2, 2 with probability a; Y is always 1: the whole variance comes from the group of X, the smaller one.
largest = []
for a, n1, n2 in [(0.75, 3, 7), (0.2, 5, 5), (0.9, 2, 100), (0.5, 1, 4)]:
    p = mpf(a)
    mean = square = mpf(0)
    for outcome in product((0, 1), repeat=n1):
        chance = p ** sum(outcome) * (1 - p) ** (n1 - sum(outcome))
        share = mpf(sum(outcome) * n2) / (n1 * n2)
        mean, square = mean + chance * share, square + chance * share ** 2
    largest.append({"a": a, "n1": n1, "n2": n2, "max": text(square - mean ** 2)})

out = {"source": {"tool": "mpmath", "script": "effect_variances.py", "digits": 25}, "means": means, "areas": areas,
       "largest": largest}
with open("effect_variances.json", "w") as f:
    f.write("{" + ",\n".join(f"{json.dumps(k)}: " + (json.dumps(v) if k == "source" else "[\n" + ",\n".join(json.dumps(r) for r in v) + "\n]")
                              for k, v in out.items()) + "}\n")
