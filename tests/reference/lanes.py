"""Tails for `tests/lanes.rs`: mpmath 1.3.0, 40 digits or more. Prints lanes.json; with the argument `coefficients` the polynomial of
`src/num/lanes/normal.rs` instead.

Every argument is an f64, and the value is that of exactly this f64. `p` is null below 1e-305.
"""

import json
import random
import sys

from mpmath import mp, mpf, beta, cos, erfc, exp, fsum, gamma, gammainc, inf, log, log10, pi, sqrt

mp.dps = 40


def normal(z):
    """ln of 2 (1 - Phi(|z|))"""
    z = abs(mpf(z))
    if z > 1000:  # asymptotic series
        term, total = mpf(1), mpf(0)
        for k in range(6):
            total += term
            term *= -(2 * k + 1) / z**2
        return -z * z / 2 + log(sqrt(2 / pi) / z * total)
    return log(erfc(z / sqrt(2)))


def chi_squared(q, df):
    """ln of Q(df/2, q/2): the finite sum for even df, mpmath's incomplete gamma function or its asymptotic series for odd df"""
    x, a = mpf(q) / 2, mpf(df) / 2
    if q == 0:
        return mpf(0)
    if df % 2 == 0:
        term, total = mpf(1), mpf(1)
        for j in range(1, df // 2):
            term *= x / j
            total += term
        return -x + log(total)
    if x > 20000:
        term, total = mpf(1), mpf(0)
        for k in range(40):
            total += term
            term *= (a - 1 - k) / x
        return (a - 1) * log(x) - x - log(gamma(a)) + log(total)
    return log(gammainc(a, x, inf) / gamma(a))


def student(t, df):
    """ln of I_x(df/2, 1/2), x = df / (df + t^2)"""
    t, a = abs(mpf(t)), mpf(df) / 2
    if t == 0:
        return mpf(0)
    s = t * t / (df + t * t)
    x = df / (df + t * t)
    exponent = a * log(1 + t * t / df)
    if s < mpf(1) / 2 and exponent < 800:
        # 1 - 2 sqrt(s)/B x^a (1 + (a + 1/2)/(3/2) s + ...), with as many digits more as it cancels
        before = mp.dps
        mp.dps = 60 + int(exponent / 2)
        t, a = mpf(t), mpf(df) / 2
        s, x = t * t / (df + t * t), df / (df + t * t)
        term, total, n = mpf(1), mpf(0), 0
        while term > total * mpf(10) ** (-mp.dps):
            total += term
            term *= (a + mpf(1) / 2 + n) / (mpf(3) / 2 + n) * s
            n += 1
        value = log(1 - 2 * sqrt(s) / beta(a, mpf(1) / 2) * x**a * total)
        mp.dps = before
        return +value
    term, total, n = mpf(1), mpf(0), 0
    while term > total * mpf(10) ** (-mp.dps):
        total += term
        term *= (a + mpf(1) / 2 + n) / (a + 1 + n) * x
        n += 1
    return -exponent + log(sqrt(s) / (a * beta(a, mpf(1) / 2))) + log(total)


def row(argument, ln_p, *df):
    p = float(exp(ln_p)) if ln_p > -702 else None
    return [*df, argument, p, float(ln_p / log(10))]


def coefficients(count=24):
    """(z + 4) exp(z^2/2) erfc(z / sqrt 2) in y = (z - 4) / (z + 4): Chebyshev interpolation, then powers"""
    mp.dps = 60

    def f(y):
        z = 4 * (1 + y) / (1 - y)
        if z < 40:
            return (z + 4) * exp(z * z / 2) * erfc(z / sqrt(2))
        term, total = mpf(1), mpf(0)
        for k in range(40):
            total += term
            term *= -(2 * k + 1) / z**2
        return (z + 4) * sqrt(2 / pi) / z * total

    n = 60
    angles = [pi * (k + mpf(1) / 2) / n for k in range(n)]
    values = [f(cos(angle)) for angle in angles]
    series = [
        (2 if j else 1) * fsum(v * cos(j * angle) for v, angle in zip(values, angles)) / n for j in range(count)
    ]
    previous, current = [mpf(0)] * count, [mpf(1)] + [mpf(0)] * (count - 1)
    powers = [mpf(0)] * count
    for k, c in enumerate(series):
        powers = [a + c * b for a, b in zip(powers, current)]
        following = [(1 if k == 0 else 2) * b for b in [mpf(0)] + current[:-1]]
        previous, current = current, [a - b for a, b in zip(following, previous)]
    return [[float(powers[i]), float(powers[i - 1])] for i in range(count - 1, 0, -2)]


def main():
    if sys.argv[1:] == ["coefficients"]:
        for pair in coefficients():
            print(pair)
        return
    rng = random.Random(20261122)
    z_values = [0.0, 1e-300, 1e-16, 1e-8, 1e-3, 0.1, 1.0, 1.959963984540054, 37.0, 37.5, 50.0, 60.0, 1e3, 1e10, 1e100, 1e150]
    z_values += [-rng.uniform(0, 8) for _ in range(120)] + [rng.uniform(0, 37.4) for _ in range(150)]
    z_values += [10 ** rng.uniform(-6, 6) for _ in range(60)]
    normals = [row(z, normal(z)) for z in z_values]

    chi = []
    for df in [1, 2, 3, 4, 5, 7, 8, 13, 19, 20, 30, 49, 99, 100, 151, 199, 200]:
        q_values = [0.0, 1e-10, 0.01, float(df)]
        q_values += [df * rng.uniform(0, 3) for _ in range(12)] + [rng.uniform(0, 1350 + 5 * df) for _ in range(12)]
        q_values += [10 ** rng.uniform(3, 5) for _ in range(4)] + [1999.0, 2001.0, 1e100]
        chi += [row(q, chi_squared(q, df), df) for q in q_values]

    t_rows = []
    for df in [1.0, 1.5, 2.0, 3.0, 4.0, 5.7, 9.0, 19.0, 30.0, 49.0, 99.0, 250.0, 999.0, 12345.6, 1e5, 1e6]:
        t_values = [0.0, 1e-12, 1e-3, 0.7]
        t_values += [rng.uniform(-8, 8) for _ in range(16)]
        # p-values spread over 1 to 1e-300
        for _ in range(18):
            exponent = rng.uniform(0, 690)
            t = float(sqrt(df * (exp(2 * mpf(exponent) / df) - 1)))
            t_values.append(t if t < 1e300 else 10 ** rng.uniform(0, 300))
        far = max(1e3, 2 * df)
        t_values += [far * 10 ** rng.uniform(0, 4) for _ in range(3)] + [1e80, 1e149, 1e160, 1e300]
        t_rows += [row(t, student(t, df), df) for t in t_values]

    out = {
        "source": "mpmath 1.3.0, tests/reference/lanes.py",
        "normal": normals,
        "chi_squared": chi,
        "student_t": t_rows,
    }
    lines = ["{", f'"source": {json.dumps(out["source"])},']
    names = ["normal", "chi_squared", "student_t"]
    for name in names:
        rows = ",\n".join(json.dumps(r) for r in out[name])
        lines.append(f'"{name}": [\n{rows}\n]' + ("," if name != names[-1] else ""))
    print("\n".join([*lines, "}"]))


main()
