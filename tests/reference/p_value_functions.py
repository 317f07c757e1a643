"""Irwin-Hall probabilities and combined p-value functions to thirty digits, with mpmath. Run here: python3 p_value_functions.py

Irwin-Hall by the alternating sum in as many digits as it loses. Combined p-values straight from their definitions, one-sided
p-values p_i = 1 - Phi((y_i - mu)/s_i); median and limits as roots of the log-odds of the combined p-value. Data: mpmath_pool.json,
without heterogeneity and with a fixed tau2 of about the DerSimonian-Laird size, rounded to two digits.
"""
import json
import mpmath as mp

mp.mp.dps = 34
METHODS = ["Edgington", "Fisher", "Pearson", "Stouffer", "Wilkinson", "Tippett"]


def text(x):
    return mp.nstr(x, 30, strip_zeros=True, min_fixed=-4, max_fixed=15)


def irwin_hall(x, n):
    if x <= 0:
        return mp.mpf(0)
    if x >= n:
        return mp.mpf(1)
    with mp.workdps(60 + 2 * n):
        x = mp.mpf(x)
        return +mp.fsum((-1) ** j * mp.binomial(n, j) * (x - j) ** n for j in range(int(mp.floor(x)) + 1)) / mp.factorial(n)


def chi2_tails(x, df):
    a = mp.mpf(df) / 2
    return mp.gammainc(a, 0, x / 2, regularized=True), mp.gammainc(a, x / 2, mp.inf, regularized=True)


def tails(method, y, s, mu):
    k = len(y)
    z = [(a - mu) / b for a, b in zip(y, s)]
    p, q = [mp.ncdf(-a) for a in z], [mp.ncdf(a) for a in z]
    if method == "Edgington":
        return irwin_hall(mp.fsum(p), k), irwin_hall(mp.fsum(q), k)
    if method == "Fisher":
        below, above = chi2_tails(-2 * mp.fsum(mp.log(a) for a in p), 2 * k)
        return above, below
    if method == "Pearson":
        return chi2_tails(-2 * mp.fsum(mp.log(a) for a in q), 2 * k)
    if method == "Stouffer":
        w = [1 / b for b in s]
        total = mp.fsum(a * b for a, b in zip(w, z)) / mp.sqrt(mp.fsum(a * a for a in w))
        return mp.ncdf(-total), mp.ncdf(total)
    if method == "Wilkinson":
        largest = max(p)
        return largest ** k, -mp.expm1(k * mp.log1p(-min(q)))
    smallest = min(p)
    return -mp.expm1(k * mp.log1p(-smallest)), max(q) ** k


def root(method, y, s, target):
    """The mu whose one-sided p-value is target."""
    odds = mp.log(target) - mp.log1p(-target)

    def f(mu):
        p, q = tails(method, y, s, mu)
        # Far out one of them has no digits left.
        if p <= 0 or q <= 0:
            return mp.mpf(-10) ** 9 if p <= 0 else mp.mpf(10) ** 9
        return mp.log(p) - mp.log(q) - odds

    reach = max(s) + max(y) - min(y)
    lo, hi = min(y) - 3 * reach, max(y) + 3 * reach
    flo, fhi, goal = f(lo), f(hi), reach * mp.mpf(10) ** -28
    side = 0
    for step in range(200):
        if hi - lo <= goal:
            break
        x = (lo + hi) / 2 if step < 5 or step % 8 == 7 else hi - fhi * (hi - lo) / (fhi - flo)
        # A step of at least the goal, so that the far end follows.
        x = min(max(x, lo + goal / 2), hi - goal / 2)
        fx = f(x)
        if fx < 0:
            lo, flo = x, fx
            fhi = fhi / 2 if side < 0 else fhi
            side = -1
        else:
            hi, fhi = x, fx
            flo = flo / 2 if side > 0 else flo
            side = 1
    return (lo + hi) / 2


def main():
    sums = []
    for n in [1, 2, 3, 4, 5, 8, 11, 12, 13, 20, 37, 50, 100, 200]:
        for share in [0.001, 0.01, 0.1, 0.25, 0.37, 0.4375, 0.5, 0.51, 0.75, 0.93]:
            sums.append({"n": n, "x": share * n, "p": text(irwin_hall(mp.mpf(share * n), n))})
        for x in [0.001, 0.5, 1.0, 1.5, 3.25]:
            if x < n:
                sums.append({"n": n, "x": x, "p": text(irwin_hall(mp.mpf(x), n))})
    cases = []
    for data in json.load(open("mpmath_pool.json"))["cases"]:
        if data["k"] > 20 and data["name"] not in ("k40_homogeneous", "yusuf1985_table6_OR"):
            continue
        dl = next(f for f in data["fits"] if f["method"] == "DL")
        sizes = [0.0] if float(dl["tau2"]) == 0.0 else [0.0, float("%.2g" % float(dl["tau2"]))]
        y = [mp.mpf(a) for a in data["yi"]]
        for tau2 in sizes:
            s = [mp.sqrt(mp.mpf(a) + mp.mpf(tau2)) for a in data["vi"]]
            centre, reach = float(mp.fsum(y) / len(y)), float(max(s))
            for method in METHODS:
                points = []
                for mu in [centre, centre + reach, centre - 0.5 * reach]:
                    p, q = tails(method, y, s, mp.mpf(mu))
                    points.append([mu, text(p), text(q)])
                roots = [root(method, y, s, mp.mpf(t)) for t in ("0.025", "0.5", "0.975")]
                cases.append({"name": data["name"], "tau2": tau2, "method": method, "points": points,
                              "lower": text(roots[0]), "median": text(roots[1]), "upper": text(roots[2])})
        print(data["name"], flush=True)
    source = {"tool": "mpmath", "version": mp.__version__, "precision": "34 digits, printed to 30"}
    with open("p_value_functions.json", "w") as out:
        rows = lambda key, items: '"%s": [\n%s\n]' % (key, ",\n".join(json.dumps(i) for i in items))
        out.write('{"source": %s,\n%s,\n%s}\n' % (json.dumps(source), rows("irwin_hall", sums), rows("cases", cases)))


main()
