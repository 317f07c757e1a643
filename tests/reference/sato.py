"""Sato's limits of the Mantel-Haenszel odds ratio in 50-digit arithmetic.

Run in this directory:  python3 sato.py
Reads the tables of tables_mpmath.json, writes sato.json. Deterministic.

The limits are the two odds ratios at which (R - psi S)^2 is z^2 times the estimated variance, found by bisection of that equation, not from
its solution. That the variance estimate psi W is unbiased given the margins, which is what Sato (1990, Biometrics 46:71) uses, is asserted
for 60 tables and three odds ratios each in exact fractions, over all counts that the margins allow.
"""
import json
from fractions import Fraction
from math import comb
from mpmath import mp, mpf, erfinv, sqrt, exp, log

mp.dps = 50


def w(a, b, c, d):
    n = a + b + c + d
    return (b * c * (a + d + 1) + a * d * (b + c + 1)) / n**2


def check_unbiased(cells, psi):
    a, b, c, d = (Fraction(int(x)) for x in cells)
    n1, n2, m = a + b, c + d, a + c
    n = n1 + n2
    mass, mean, square, estimate = 0, 0, 0, 0
    for t in range(int(max(0, m - n2)), int(min(n1, m)) + 1):
        t = Fraction(t)
        cell = (t, n1 - t, m - t, n2 - m + t)
        p = comb(int(n1), int(t)) * comb(int(n2), int(m - t)) * psi ** int(t)
        difference = (cell[0] * cell[3] - psi * cell[1] * cell[2]) / n
        mass += p
        mean += p * difference
        square += p * difference**2
        estimate += p * psi * w(*cell)
    assert mean == 0, cells
    assert square == estimate, (cells, psi, square / mass, estimate / mass)


def limits(cells, level):
    cells = [tuple(map(mpf, cell)) for cell in cells]
    cells = [(a, b, c, d) for a, b, c, d in cells if a + c > 0 and b + d > 0]
    if not cells:
        return None
    r = sum(a * d / sum((a, b, c, d)) for a, b, c, d in cells)
    t = sum(b * c / sum((a, b, c, d)) for a, b, c, d in cells)
    total = sum(w(*cell) for cell in cells)
    z = sqrt(2) * erfinv(mpf(level))
    outside = lambda psi: (r - psi * t) ** 2 > z**2 * psi * total

    def edge(inside, out):
        inside, out = log(inside), log(out)
        for _ in range(200):
            middle = (inside + out) / 2
            if outside(exp(middle)):
                out = middle
            else:
                inside = middle
        return mp.nstr(exp((inside + out) / 2), 25)

    huge = mpf(10) ** 60
    inside = r / t if r > 0 and t > 0 else (huge if t == 0 else 1 / huge)
    return [edge(inside, 1 / huge**2) if r > 0 else "0", edge(inside, huge**2) if t > 0 else None]


cases = json.load(open("tables_mpmath.json"))["cases"]
out, checked = [], 0
for case in cases:
    if case["kind"] != "tables":
        continue
    for cell in case["cells"]:
        if checked < 60 and all(float(x) == int(x) for x in cell) and sum(cell) < 400:
            for psi in (Fraction(1), Fraction(3, 7), Fraction(5)):
                check_unbiased(cell, psi)
            checked += 1
    for level in ("0.95", "0.8"):
        found = limits(case["cells"], level)
        out.append({"name": case["name"], "cells": case["cells"], "level": float(level), "limits": found})
# One-sided data: no table, or one, sets the other limit.
for name, cells in (("infinite", [[3, 0, 1, 4], [2, 0, 0, 5]]), ("zero", [[0, 5, 3, 2]]), ("one table", [[7, 3, 2, 8]])):
    out.append({"name": name, "cells": cells, "level": 0.95, "limits": limits(cells, "0.95")})
source = {"tool": "mpmath " + __import__("mpmath").__version__, "script": "sato.py", "digits": "25"}
with open("sato.json", "w") as file:
    lines = ",\n".join(json.dumps(case) for case in out)
    file.write('{"source": ' + json.dumps(source) + ', "cases": [\n' + lines + "\n]}\n")
print(len(out), "cases,", checked, "tables checked")
