"""Kenward-Roger and hybrid Hartung-Knapp intervals, with mpmath. Run here: python3 kenward_roger.py

Data, and tau2 by REML and DL to 30 digits, are those of mpmath_pool.json. Kenward & Roger 1997 (Biometrics 53:983) for one
variance parameter t with V = diag(v + t) and X = 1, in their symbols:

  Phi = (X' V^-1 X)^-1,  P = X' (d V^-1/dt) X,  Q = X' (d V^-1/dt) V (d V^-1/dt) X,  W = 1 / expected REML information
  Phi_A = Phi + 2 Phi W (Q - P Phi P) Phi

and the df 2 Phi_A^2 / var(Phi_A) with var = W (d Phi/dt)^2 in the form of Partlett & Riley 2017 (Stat Med 36:301), in which the
derivative, Phi^2 s2, is divided by Phi_A where Kenward and Roger divide by Phi. Expected information: half the trace of
(R V')^2 with R = V^-1 - V^-1 X Phi X' V^-1 and V' = I, by matrix products.
"""
import json
import os
import mpmath as mp

mp.mp.dps = 50
HERE = os.path.dirname(os.path.abspath(__file__))


def text(x):
    return mp.nstr(x, 25, strip_zeros=True, min_fixed=-4, max_fixed=15)


def t_tail(x, df):
    """P(T > x) for x >= 0."""
    return mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + x * x), regularized=True) / 2


def t_quantile(tail, df):
    f = lambda u: mp.log(t_tail(mp.e**u, df) / tail)
    lo, hi = mp.mpf(-2), mp.mpf(2)
    while f(hi) > 0:
        lo, hi = hi, hi + 4
    for _ in range(50):
        mid = (lo + hi) / 2
        lo, hi = (mid, hi) if f(mid) > 0 else (lo, mid)
    return mp.e ** mp.findroot(f, (lo, hi), solver="anderson", tol=mp.mpf(10) ** -70, verify=False)


def information(w):
    """tr (R R) / 2 by the entries of R."""
    phi = 1 / sum(w)
    total = mp.mpf(0)
    for i, a in enumerate(w):
        for j, b in enumerate(w):
            r = (a if i == j else 0) - a * phi * b
            total += r * r
    return total / 2


def case(c):
    v = [mp.mpf(x) for x in c["vi"]]
    fits = {f["method"]: f for f in c["fits"]}
    reml = fits["REML"]
    t, mu = mp.mpf(reml["tau2"]), mp.mpf(reml["mu"])
    w = [1 / (x + t) for x in v]
    phi = 1 / sum(w)
    p = -sum(x**2 for x in w)
    q = sum(x**2 * (1 / x) * x**2 for x in w)
    i = information(w)
    phi_a = phi + 2 * phi / i * (q - p * phi * p) * phi
    df = 2 * i / (phi_a * -p) ** 2
    se = mp.sqrt(phi_a)
    half = t_quantile(mp.mpf("0.025"), df) * se
    tail = 2 * t_tail(abs(mu) / se, df)
    out = {"name": c["name"], "yi": c["yi"], "vi": c["vi"]}
    out["kr"] = {"se": text(se), "df": text(df), "ci": [text(mu - half), text(mu + half)], "p": text(tail)}

    width = lambda ci: mp.mpf(ci[1]) - mp.mpf(ci[0])
    hybrid, iqwig = {}, {}
    for method in ("REML", "PM", "DL"):
        f = fits[method]
        ci_hk = f["ci_hk"] or [f["mu"], f["mu"]]
        hybrid[method] = max((f["ci_z"], ci_hk), key=width)
        iqwig[method] = f["ci_hk_truncated"] if width(ci_hk) < width(fits["DL"]["ci_z"]) else ci_hk
    out["hk_or_wald"], out["hk_iqwig"] = hybrid, iqwig
    return out


def main():
    with open(os.path.join(HERE, "mpmath_pool.json")) as f:
        cases = json.load(f)["cases"]
    rows = [case(c) for c in cases]
    with open(os.path.join(HERE, "kenward_roger.json"), "w") as f:
        source = {"tool": "mpmath", "version": mp.__version__, "script": "kenward_roger.py", "data": "mpmath_pool.json"}
        f.write('{"source": ' + json.dumps(source) + ', "cases": [\n' + ",\n".join(json.dumps(r) for r in rows) + "\n]}\n")


main()
