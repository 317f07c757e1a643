"""Means with other weights, 40 digits, for the data sets of mpmath_pool.json. Run here: python3 weighted_mean.py (after mpmath_pool.py)

tau2 by DerSimonian-Laird. From the covariance matrix: mu = a'y / a'1, Var = a' diag(v + tau2) a / (a'1)^2. UWLS: least squares of
y/sqrt(v) on 1/sqrt(v). Weights "user" are 1 + (5 i) mod 7, i from 0.
"""
import json
import mpmath as mp

mp.mp.dps = 60


def text(x):
    return mp.nstr(x, 30, strip_zeros=True, min_fixed=-4, max_fixed=15)


def dersimonian_laird(y, v):
    w = [1 / a for a in v]
    s = mp.fsum(w)
    m = mp.fdot(w, y) / s
    q = mp.fsum(a * (b - m) ** 2 for a, b in zip(w, y))
    return max(mp.mpf(0), (q - len(y) + 1) / (s - mp.fsum(a * a for a in w) / s))


def mean(y, v, a, tau2):
    total = mp.fsum(a)
    return mp.fdot(a, y) / total, mp.sqrt(mp.fsum(b * b * (s + tau2) for b, s in zip(a, v))) / total


def uwls(y, v):
    z, x = [b / mp.sqrt(s) for b, s in zip(y, v)], [1 / mp.sqrt(s) for s in v]
    xx = mp.fdot(x, x)
    m = mp.fdot(x, z) / xx
    return m, mp.sqrt(mp.fsum((a - b * m) ** 2 for a, b in zip(z, x)) / (len(y) - 1) / xx)


def main():
    with open("mpmath_pool.json") as file:
        data = json.load(file)["cases"]
    rows = []
    for case in data:
        raw_y, raw_v = [float(a) for a in case["yi"]], [float(a) for a in case["vi"]]
        y, v = [mp.mpf(a) for a in raw_y], [mp.mpf(a) for a in raw_v]
        if len(y) < 2 or min(v) <= 0 or max(y) == min(y):
            continue
        tau2 = dersimonian_laird(y, v)
        fits = {"equal": mean(y, v, [mp.mpf(1)] * len(y), tau2), "ivhet": mean(y, v, [1 / s for s in v], tau2),
                "user": mean(y, v, [mp.mpf(1 + (5 * i) % 7) for i in range(len(y))], tau2), "uwls": uwls(y, v)}
        rows.append({"name": case["name"], "yi": raw_y, "vi": raw_v, "fits": {n: [text(a) for a in f] for n, f in fits.items()}})
    source = {"tool": "mpmath", "version": mp.__version__, "script": "weighted_mean.py", "data": "mpmath_pool.json"}
    with open("weighted_mean.json", "w") as file:
        file.write('{"source": ' + json.dumps(source) + ',\n"cases": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]}\n")
    print(len(rows))


main()
