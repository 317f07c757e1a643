"""Thirty-digit truth for the further estimators of tau2, with mpmath. Run here: python3 tau2_estimators.py

Data: the sets of pool_metafor_5_1.json by name, each with a common mean and with the design (1, (7 i) mod 5).
Everything is done with full matrices, straight from the definitions: P = W - WX(X'WX)^-1X'W, V = diag(v),
two-step tau2 = (y'Py - tr PV) / tr P and its variance 2 tr(PSPS) with S = V + tau2 I. No formula is shared with the crate.
"""
import json
import mpmath as mp

mp.mp.dps = 50
NAMES = ["bcg_RR", "li2007_OR", "nielweise2007_RD", "nielweise2008_IRR", "normand_MD", "normand_SMD", "pritz_PLO",
         "molloy_ZCOR", "hine1989_RD", "nielweise2008_IRD", "raudenbush1985", "hackshaw1998"]


def text(x):
    return None if x is None else mp.nstr(x, 30, strip_zeros=True, min_fixed=-4, max_fixed=15)


def residual(w, x):
    wm = mp.diag(w)
    return wm - wm * x * mp.inverse(x.T * wm * x) * x.T * wm


def trace(m):
    return mp.fsum(m[i, i] for i in range(m.rows))


def product_trace(a, b):
    return mp.fsum(a[i, j] * b[j, i] for i in range(a.rows) for j in range(a.cols))


class Data:
    def __init__(self, y, v, x):
        self.k, self.p = len(y), x.cols
        self.df = mp.mpf(self.k - self.p)
        self.y, self.v, self.x = mp.matrix(y), [mp.mpf(a) for a in v], x

    def at(self, t):
        return residual([1 / (a + t) for a in self.v], self.x)

    def form(self, m):
        return (self.y.T * m * self.y)[0]

    def se_of_form(self, m, tau2):
        ms = m * mp.diag([a + tau2 for a in self.v])
        return mp.sqrt(2 * product_trace(ms, ms))

    def moment(self, m):
        """The general method of moments with any residual matrix, and its standard error."""
        tau2 = max(mp.mpf(0), (self.form(m) - product_trace(m, mp.diag(self.v))) / trace(m))
        return tau2, self.se_of_form(m, tau2) / trace(m)

    def hunter_schmidt_k(self):
        p0, total, blow = self.at(0), mp.fsum(1 / a for a in self.v), self.k / self.df
        tau2 = max(mp.mpf(0), (blow * self.form(p0) - self.k) / total)
        return tau2, blow * self.se_of_form(p0, tau2) / total

    def hartung_makambi(self):
        p0 = self.at(0)
        q = self.form(p0)
        return q * q / ((2 * self.df + q) * trace(p0)), None

    def median_unbiased(self):
        median = mp.findroot(lambda x: mp.gammainc(self.df / 2, 0, x / 2, regularized=True) - mp.mpf(1) / 2,
                             (self.df - mp.mpf(2) / 3 + mp.mpf(1) / 10, self.df), solver="anderson", tol=mp.mpf(10) ** -80)
        excess = lambda t: self.form(self.at(t)) - median
        low, tau2 = mp.mpf(0), mp.mpf(0)
        if excess(low) > 0:
            high = min(self.v)
            while excess(high) > 0:
                low, high = high, 2 * high
            for _ in range(12):
                middle = (low + high) / 2
                low, high = (middle, high) if excess(middle) > 0 else (low, middle)
            tau2 = mp.findroot(excess, (low, high), solver="anderson", tol=mp.mpf(10) ** -70, maxsteps=100)
            if not low <= tau2 <= high:
                raise RuntimeError("the root left its bracket")
        return tau2, mp.sqrt(2 * self.k ** 2 / self.df) / mp.fsum(1 / (a + tau2) for a in self.v)

    def fits(self):
        ones = residual([mp.mpf(1)] * self.k, self.x)
        dl, he = self.moment(self.at(0))[0], self.moment(ones)[0]
        return {"HSk": self.hunter_schmidt_k(), "DL2": self.moment(self.at(dl)), "HE2": self.moment(self.at(he)),
                "PMM": self.median_unbiased(), "HM": self.hartung_makambi()}


def main():
    with open("pool_metafor_5_1.json") as file:
        data = {case["name"]: case for case in json.load(file)["cases"]}
    cases = []
    for name in NAMES:
        y, v = data[name]["yi"], data[name]["vi"]
        for p in (1, 2):
            x = mp.matrix(len(y), p)
            for i in range(len(y)):
                for j in range(p):
                    x[i, j] = (7 * i) % 5 if j else 1
            fits = Data(y, v, x).fits()
            cases.append({"name": name, "coefficients": p,
                          "fits": {m: {"tau2": text(t), "se": text(s)} for m, (t, s) in fits.items()}})
    source = {"tool": "mpmath", "version": mp.__version__, "precision": "50 digits, 30 written", "script": "tau2_estimators.py",
              "data": "pool_metafor_5_1.json, by name; coefficients 2 is the design (1, (7 i) mod 5), i from 0"}
    with open("tau2_estimators.json", "w") as file:
        file.write('{"source": ' + json.dumps(source) + ',\n"cases": [\n')
        file.write(",\n".join(json.dumps(case) for case in cases) + "\n]}\n")


main()
