"""Classical pooling of tables in 60-digit arithmetic, from the definitions in the papers.

Run in this directory:  python3 tables_mpmath.py
Reads the data of tables_metafor.json, adds drawn and extreme ones, writes tables_mpmath.json. Deterministic.

The exact conditional distribution: the probabilities of every table at one odds ratio are held as whole numbers over 2^bits, and convolved as
digits of one large whole number (Kronecker substitution), so that nothing but the last bit is rounded. Limits are then roots by bisection.
"""
import json
import random
from mpmath import mp, mpf, log, sqrt, exp

mp.dps = 60


def s(x):
    return None if x is None else mp.nstr(x, 25)


def ratio_estimates(cells):
    """Mantel-Haenszel OR, RR, RD with variances; None where undefined."""
    out = {}
    cells = [tuple(map(mpf, c)) for c in cells]
    N = [sum(c) for c in cells]
    R = [a * d / n for (a, b, c, d), n in zip(cells, N)]
    S = [b * c / n for (a, b, c, d), n in zip(cells, N)]
    P = [(a + d) / n for (a, b, c, d), n in zip(cells, N)]
    Q = [(b + c) / n for (a, b, c, d), n in zip(cells, N)]
    r, t = sum(R), sum(S)
    if r > 0 and t > 0:
        v = sum(p * x for p, x in zip(P, R)) / (2 * r**2) + sum(p * y + q * x for p, q, x, y in zip(P, Q, R, S)) / (2 * r * t) \
            + sum(q * y for q, y in zip(Q, S)) / (2 * t**2)
        out["OR"] = (log(r / t), v)
    else:
        out["OR"] = None
    r = sum(a * (c + d) / n for (a, b, c, d), n in zip(cells, N))
    t = sum(c * (a + b) / n for (a, b, c, d), n in zip(cells, N))
    if r > 0 and t > 0:
        v = sum(((a + c) * (a + b) * (c + d) - a * c * n) / n**2 for (a, b, c, d), n in zip(cells, N)) / (r * t)
        out["RR"] = (log(r / t), v)
    else:
        out["RR"] = None
    w = sum((a + b) * (c + d) / n for (a, b, c, d), n in zip(cells, N))
    rd = sum((a * (c + d) - c * (a + b)) / n for (a, b, c, d), n in zip(cells, N)) / w
    robust = sum((a * b * (c + d)**3 + c * d * (a + b)**3) / ((a + b) * (c + d) * n**2) for (a, b, c, d), n in zip(cells, N)) / w**2
    p = sum(((a + b)**2 * c - (c + d)**2 * a + (a + b) * (c + d) * ((c + d) - (a + b)) / 2) / n**2 for (a, b, c, d), n in zip(cells, N))
    q = sum((a * d + b * c) / (2 * n) for (a, b, c, d), n in zip(cells, N))
    out["RD"] = (rd, (rd * p + q) / w**2)
    out["RD_GR"] = (rd, robust)
    return out


def check_single():
    """One stratum: the variances must be those of Woolf and Katz."""
    a, b, c, d = map(mpf, (7, 12, 3, 20))
    e = ratio_estimates([(7, 12, 3, 20)])
    assert abs(e["OR"][1] - (1 / a + 1 / b + 1 / c + 1 / d)) < mpf(10)**-50
    assert abs(e["RR"][1] - (1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))) < mpf(10)**-50
    assert abs(e["RD_GR"][1] - (a * b / (a + b)**3 + c * d / (c + d)**3)) < mpf(10)**-50


def score(c):
    a, b, c_, d = map(mpf, c)
    n = a + b + c_ + d
    return a - (a + c_) * (a + b) / n, (a + b) * (c_ + d) * (a + c_) * (b + d) / (n * n * (n - 1))


def tells(c):
    return c[0] + c[2] > 0 and c[1] + c[3] > 0


def tests(cells):
    o = sum(score(c)[0] for c in cells)
    v = sum(score(c)[1] for c in cells)
    if v == 0:
        return None
    kept = [c for c in cells if tells(c)]
    peto = o / v
    return {"peto": s(peto), "peto_v": s(1 / v), "peto_q": s(sum(score(c)[1] * (score(c)[0] / score(c)[1] - peto)**2 for c in kept)),
            "cmh": s(o * o / v), "cmh_half": s(max(abs(o) - mpf(1) / 2, mpf(0))**2 / v)}


def breslow_day(cells, odds):
    cells = [c for c in cells if tells(c)]
    bd = o = info = mpf(0)
    for c in cells:
        a, b, c_, d = map(mpf, c)
        n1, n2, m1 = a + b, c_ + d, a + c_
        lo, hi = max(mpf(0), m1 - n2), min(n1, m1)
        for _ in range(230):
            x = (lo + hi) / 2
            if x * (n2 - m1 + x) < odds * (m1 - x) * (n1 - x):
                lo = x
            else:
                hi = x
        x = (lo + hi) / 2
        v = 1 / (1 / x + 1 / (m1 - x) + 1 / (n1 - x) + 1 / (n2 - m1 + x))
        bd += (a - x)**2 / v
        o += a - x
        info += v
    return bd, bd - o**2 / info


def comb(n, k):
    r = 1
    for i in range(k):
        r = r * (n - i) // (i + 1)
    return r


def weights(cell, tilt, bits):
    a, b, c, d = cell
    n1, n2, m1 = a + b, c + d, a + c
    lo, hi = max(0, m1 - n2), min(n1, m1)
    w = comb(n1, lo) * comb(n2, m1 - lo)
    ws = []
    for u in range(lo, hi + 1):
        ws.append(mpf(w) * tilt**(u - lo))
        w = w * (n1 - u) * (m1 - u) // ((u + 1) * (n2 - m1 + u + 1))
    total = sum(ws)
    return lo, [int(x / total * mpf(2)**bits) for x in ws]


def convolve(x, y, bits):
    slot = (2 * bits + 64 + 7) // 8
    pack = lambda z: int.from_bytes(b"".join(v.to_bytes(slot, "little") for v in z), "little")
    n = len(x) + len(y) - 1
    product = (pack(x) * pack(y)).to_bytes(slot * (n + 1), "little")
    return [int.from_bytes(product[i * slot:(i + 1) * slot], "little") >> bits for i in range(n)]


def distribution(cells, tilt, bits):
    saved = mp.prec
    mp.prec = bits + 80
    parts = [weights(c, mpf(tilt), bits) for c in cells]
    mp.prec = saved
    first = sum(p[0] for p in parts)
    layer = sorted((p[1] for p in parts), key=len)
    while len(layer) > 1:
        layer = [convolve(layer[i], layer[i + 1], bits) if i + 1 < len(layer) else layer[i] for i in range(0, len(layer), 2)]
    return first, [mpf(v) / mpf(2)**bits for v in layer[0]]


def bisect(f, lo, hi, steps=130):
    for _ in range(steps):
        x = (lo + hi) / 2
        if f(x) > 0:
            lo = x
        else:
            hi = x
    return (lo + hi) / 2


def exact(cells, level=mpf("0.95")):
    cells = [tuple(int(x) for x in c) for c in cells if tells(c)]
    obs = sum(c[0] for c in cells)
    lo = sum(max(0, c[0] - c[3]) for c in cells)
    hi = sum(c[0] + min(c[1], c[2]) for c in cells)
    if lo == hi:
        return None
    bits = 1600 if hi - lo < 500 else 900
    # a tilt near the estimate: the mean is linear enough for bisection in doubles on single strata
    def mean(theta):
        m = 0.0
        for a, b, c, d in cells:
            n1, n2, m1 = a + b, c + d, a + c
            l, h = max(0, m1 - n2), min(n1, m1)
            import math
            lw, logs = 0.0, []
            for u in range(l, h + 1):
                logs.append(lw)
                if u < h:
                    lw += theta + math.log((n1 - u) * (m1 - u) / ((u + 1) * (n2 - m1 + u + 1)))
            top = max(logs)
            e = [math.exp(x - top) for x in logs]
            m += l + sum(i * x for i, x in enumerate(e)) / sum(e)
        return m
    target = min(max(obs, lo + 0.5), hi - 0.5)
    t0, t1 = -12.0, 12.0
    for _ in range(34):
        x = (t0 + t1) / 2
        if mean(x) < target:
            t0 = x
        else:
            t1 = x
    import math
    tilt = math.exp(x)
    first, p = distribution(cells, tilt, bits)
    ts = range(len(p))
    o = obs - first

    def moments(theta):
        r = exp(theta)
        q, w = [], mpf(1)
        for v in p:
            q.append(v * w)
            w *= r
        total = sum(q)
        return q, total

    def tail(theta, half, upper):
        q, total = moments(theta)
        part = sum(q[o + 1:]) if upper else sum(q[:o])
        return (part + (q[o] / 2 if half else q[o])) / total

    def solve_mle():
        x = mpf(0)
        for _ in range(12):
            q, total = moments(x)
            m = sum(i * v for i, v in enumerate(q)) / total
            v2 = sum((i - m)**2 * v for i, v in enumerate(q)) / total
            x += (o - m) / v2
        return x, v2

    out = {"mle": None, "info": None}
    if lo < obs < hi:
        x, v2 = solve_mle()
        out["mle"], out["info"] = s(log(mpf(tilt)) + x), s(v2)
    alpha = (1 - level) / 2

    def root(half, upper_tail):
        # secant on the logarithm of the tail
        f = lambda x: log(tail(x, half, upper_tail) / alpha)
        sign = -1 if upper_tail else 1
        x0 = mpf(0)
        x1 = x0 + sign * mpf("0.1")
        f0, f1 = f(x0), f(x1)
        for _ in range(60):
            if f1 == f0 or abs(x1 - x0) < mpf(10)**-40:
                break
            step = (x1 - x0) * f1 / (f1 - f0)
            step = max(min(step, mpf(1)), mpf(-1))
            x0, f0 = x1, f1
            x1 = x1 - step
            f1 = f(x1)
        assert abs(f1) < mpf(10)**-30, f1
        return log(mpf(tilt)) + x1

    for name, half in (("fisher", False), ("mid", True)):
        out[name + "_lower"] = s(root(half, True)) if obs > lo else None
        out[name + "_upper"] = s(root(half, False)) if obs < hi else None
    first, p = distribution(cells, 1, bits)
    o = obs - first
    below, above, at = sum(p[:o], mpf(0)), sum(p[o + 1:], mpf(0)), p[o]
    out["less"], out["greater"] = s(below + at), s(above + at)
    out["two_sided"] = s(sum(v for v in p if v <= at * (1 + mpf(10)**-7)))
    out["mid_p"] = s(min(2 * (min(below, above) + at / 2), mpf(1)))
    return out


def zelen(cells):
    """Every set of tables, in whole numbers."""
    cells = [tuple(int(x) for x in c) for c in cells if tells(c)]
    size, parts = 1, []
    for a, b, c, d in cells:
        n1, n2, m1 = a + b, c + d, a + c
        lo, hi = max(0, m1 - n2), min(n1, m1)
        parts.append([(u, comb(n1, u) * comb(n2, m1 - u)) for u in range(lo, hi + 1)])
        size *= hi - lo + 1
    if size > 60000:
        return None
    sets = [(0, 1)]
    for part in parts:
        sets = [(t + u, w * x) for t, w in sets for u, x in part]
    s_obs, w_obs = sum(c[0] for c in cells), 1
    for (a, *_), part in zip(cells, parts):
        w_obs *= dict(part)[a]
    same = [w for t, w in sets if t == s_obs]
    return s(mpf(sum(w for w in same if w * 10**7 <= w_obs * (10**7 + 1))) / sum(same))


def q_about(pairs, about):
    return sum((y - about)**2 / v for y, v in pairs)


def whole(name, cells, with_exact=True):
    est = ratio_estimates(cells)
    case = {"name": name, "kind": "tables", "cells": [list(c) for c in cells]}
    for m, e in est.items():
        case[m] = None if e is None else [s(e[0]), s(e[1])]
    mcells = [tuple(map(mpf, c)) for c in cells]
    # Q of the studies that have an effect of their own
    own_or = [(log(a * d / b / c), 1 / a + 1 / b + 1 / c + 1 / d) for a, b, c, d in mcells if min(a, b, c, d) > 0]
    own_rd = [(a / (a + b) - c / (c + d), a * b / (a + b)**3 + c * d / (c + d)**3) for a, b, c, d in mcells if a * b + c * d > 0]
    own_rr = [(log(a * (c + d) / c / (a + b)), b / a / (a + b) + d / c / (c + d)) for a, b, c, d in mcells if a > 0 and c > 0 and b + d > 0]
    case["q"] = {"OR": s(q_about(own_or, est["OR"][0])) if est["OR"] else None, "RR": s(q_about(own_rr, est["RR"][0])) if est["RR"] else None,
                 "RD": s(q_about(own_rd, est["RD"][0]))}
    case["k_own"] = {"OR": len(own_or), "RR": len(own_rr), "RD": len(own_rd)}
    case["tests"] = tests(cells)
    if est["OR"]:
        bd, ta = breslow_day(cells, exp(est["OR"][0]))
        case["bd"], case["tarone"] = s(bd), s(ta)
    if len(own_or) == len(cells):
        w = [(a + b) * (c + d) / (a + b + c + d) for a, b, c, d in mcells]
        y = sum(x * e[0] for x, e in zip(w, own_or)) / sum(w)
        v = sum(x * x * (e[1] + mpf("0.25")) for x, e in zip(w, own_or)) / sum(w)**2
        case["ssw_OR"] = [s(y), s(v)]
    if with_exact:
        case["exact"] = exact(cells)
        case["zelen"] = zelen(cells)
    return case


def rates(name, rows):
    r4 = [tuple(map(mpf, r)) for r in rows]
    R = sum(x1 * t2 / (t1 + t2) for x1, t1, x2, t2 in r4)
    S = sum(x2 * t1 / (t1 + t2) for x1, t1, x2, t2 in r4)
    W = sum(t1 * t2 / (t1 + t2) for x1, t1, x2, t2 in r4)
    info = sum((x1 + x2) * t1 * t2 / (t1 + t2)**2 for x1, t1, x2, t2 in r4)
    o = sum(x1 - (x1 + x2) * t1 / (t1 + t2) for x1, t1, x2, t2 in r4)
    case = {"name": name, "kind": "rates", "rows": [list(map(float, r)) for r in rows]}
    case["IRD"] = [s((R - S) / W), s(sum((x1 * t2**2 + x2 * t1**2) / (t1 + t2)**2 for x1, t1, x2, t2 in r4) / W**2)]
    if R > 0 and S > 0:
        case["IRR"] = [s(log(R / S)), s(info / (R * S))]
        case["cmh"], case["cmh_half"] = s(o * o / info), s(max(abs(o) - mpf(1) / 2, mpf(0))**2 / info)
        E = sum(x2 * t1 / t2 for x1, t1, x2, t2 in r4)
        X = sum(x1 for x1, t1, x2, t2 in r4)
        case["cochran"] = [s(log(X / E)), s(1 / X + sum(x2 * (t1 / t2)**2 for x1, t1, x2, t2 in r4) / E**2)]
    return case


check_single()
cases = []
source = json.load(open("tables_metafor.json"))
for c in source["cases"]:
    if c["kind"] == "tables" and c["level"] == 0.95:
        cells = [tuple(int(x) for x in row) for row in zip(c["ai"], c["bi"], c["ci"], c["di"])]
        cases.append(whole(c["name"], cells, c["name"] != "lau1992"))
    elif c["kind"] == "rates":
        cases.append(rates(c["name"], list(zip(c["x1i"], c["t1i"], c["x2i"], c["t2i"]))))
draw = random.Random(19590722)


def binomial(n, p):
    return sum(draw.random() < p for _ in range(n))


for i in range(36):
    k = 1 + int(draw.random() * 9)
    base, effect = 0.02 + 0.5 * draw.random(), draw.random() * 3 - 1.5
    cells = []
    for _ in range(k):
        n1, n2 = 1 + int(draw.random() * 60), 1 + int(draw.random() * 60)
        odds = base / (1 - base) * mp.e**effect
        p1 = float(odds / (1 + odds))
        a, c = binomial(n1, p1), binomial(n2, base)
        cells.append((a, n1 - a, c, n2 - c))
    cases.append(whole(f"drawn {i}", cells))
cases.append(whole("none in the first group", [(0, 10, 3, 9), (0, 20, 2, 18), (0, 4, 0, 4)]))
cases.append(whole("all in the first group", [(10, 0, 3, 9), (20, 0, 2, 18)]))
cases.append(whole("separated", [(10, 0, 0, 9), (20, 0, 0, 18)]))
cases.append(whole("one against many", [(1, 0, 40, 60), (0, 1, 30, 70), (1, 0, 10, 90)]))
cases.append(whole("single", [(7, 12, 3, 20)]))
cases.append(whole("strong", [(60, 4, 5, 70), (45, 3, 2, 51), (80, 2, 6, 66)]))
cases.append(whole("huge", [(10**15 + 1, 2 * 10**15, 10**15, 2 * 10**15 - 7), (5 * 10**14, 10**13, 5 * 10**14 + 10**7, 10**13)], False))
cases.append(whole("almost all", [(10**15 - 3, 3, 5, 10**15 - 5), (999999999, 1, 0, 1000000000)], False))
cells = [(1 + (7 * i) % 5, 4 + (3 * i) % 11, (5 * i) % 4, 6 + (11 * i) % 9) for i in range(1000)]
cases.append(whole("a thousand", cells))
for i in range(8):
    k = 1 + int(draw.random() * 6)
    rows = [(int(draw.random() * 20), round(draw.random() * 500 + 1, 3), int(draw.random() * 20), round(draw.random() * 500 + 1, 3)) for _ in range(k)]
    cases.append(rates(f"drawn rates {i}", rows))
json.dump({"source": {"tool": "mpmath", "script": "tables_mpmath.py", "digits": "25, as text"}, "cases": cases}, open("tables_mpmath.json", "w"), indent=0)
