"""The sections `f_lnpdf` and `f_pdf` of special_functions.txt: Fisher's F density by mpmath at 75 digits.

    python3 fisher_f_density.py

f(x) = (d1/d2)^(d1/2) x^(d1/2 - 1) (1 + d1 x/d2)^(-(d1 + d2)/2) / B(d1/2, d2/2), from the arguments as the doubles they are. A logarithm between -1 and 1 is told by its density: next to 0
it is a difference of numbers that need not be near 0.
"""

import mpmath as mp

mp.mp.dps = 75
DF = [0.5, 1.0, 2.0, 3.0, 7.5, 30.0, 400.0, 1e6]
X = [1e-300, 1e-150, 1e-20, 1e-6, 0.01, 0.3, 0.97, 1.4, 6.0, 250.0, 1e9, 1e150, 1e300]


def ln_density(d1, d2, x):
    d1, d2, x = mp.mpf(d1), mp.mpf(d2), mp.mpf(x)
    ln_beta = mp.loggamma(d1 / 2) + mp.loggamma(d2 / 2) - mp.loggamma((d1 + d2) / 2)
    return d1 / 2 * mp.log(d1 / d2) + (d1 / 2 - 1) * mp.log(x) - (d1 + d2) / 2 * mp.log1p(d1 * x / d2) - ln_beta


def section(name, rows):
    print(f"= {name} {len(rows)}")
    for arguments, value in rows:
        shortest = " ".join(repr(a).removesuffix(".0") for a in arguments)
        print(shortest, mp.nstr(value, 20))


grid = [(d1, d2, x) for d1 in DF for d2 in DF for x in X]
logs = [(arguments, ln_density(*arguments)) for arguments in grid]
section("f_lnpdf", [(arguments, ln) for arguments, ln in logs if abs(ln) >= 1])
section("f_pdf", [(arguments, mp.exp(ln)) for arguments, ln in logs if abs(ln) < 5])
