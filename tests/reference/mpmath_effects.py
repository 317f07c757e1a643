"""Thirty-digit truth for the effect sizes of metafor_effects.json, with mpmath. Run here: python3 mpmath_effects.py

The closed forms of the papers, applied to the inputs stored in metafor_effects.json (exact doubles) under the
zero-cell rule stored with them. Prints where metafor differs by more than 1e-14.
"""
import json
import mpmath as mp

mp.mp.dps = 50
DIGITS = 25


def text(x):
    return None if x is None else mp.nstr(x, DIGITS, min_fixed=-4, max_fixed=15)


STABILISED = ("AS", "PAS", "PFT", "IRS", "IRFT", "IRSD")


def added(measure, opts, zero):
    """Per row: the constant added to every cell. Variance-stabilised measures get none unless add is given."""
    amount, rule = mp.mpf(opts.get("add", 0 if measure in STABILISED else 0.5)), opts.get("to", "only0")
    hit = {"only0": zero, "all": [True] * len(zero), "if0all": [any(zero)] * len(zero), "none": [False] * len(zero)}[rule]
    return [amount if h else mp.mpf(0) for h in hit]


def tables(measure, inp, opts):
    rows = list(zip(*(map(mp.mpf, inp[c]) for c in ("ai", "bi", "ci", "di"))))
    for (a, b, c, d), e in zip(rows, added(measure, opts, [0 in r for r in rows])):
        if opts.get("drop00") and (a == c == 0 or b == d == 0):
            yield None
            continue
        a, b, c, d = a + e, b + e, c + e, d + e
        n1, n2 = a + b, c + d
        p1, p2 = a / n1, c / n2
        if measure == "OR":
            yield (lambda: mp.log(a * d / (b * c))), (lambda: 1 / a + 1 / b + 1 / c + 1 / d)
        elif measure == "RR":
            yield (lambda: mp.log(p1 / p2)), (lambda: 1 / a - 1 / n1 + 1 / c - 1 / n2)
        elif measure == "RD":
            yield (lambda: p1 - p2), (lambda: p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
        elif measure == "AS":
            yield (lambda: mp.asin(mp.sqrt(p1)) - mp.asin(mp.sqrt(p2))), (lambda: 1 / (4 * n1) + 1 / (4 * n2))
        elif measure == "PETO":
            n, m1, m0 = n1 + n2, a + c, b + d
            v = m1 * m0 * n1 * n2 / (n * n * (n - 1))
            yield (lambda: (a - m1 * n1 / n) / v), (lambda: 1 / v)


def correction(m):
    """Hedges' exact J with m degrees of freedom."""
    return mp.exp(mp.loggamma(m / 2) - mp.loggamma((m - 1) / 2)) / mp.sqrt(m / 2)


def means(measure, inp, opts):
    for m1, s1, n1, m2, s2, n2 in zip(*(map(mp.mpf, inp[c]) for c in ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"))):
        df = n1 + n2 - 2
        sp = mp.sqrt(((n1 - 1) * s1 ** 2 + (n2 - 1) * s2 ** 2) / df)
        base = 1 / n1 + 1 / n2
        if measure == "MD":
            v = sp ** 2 * base if opts.get("vtype") == "HO" else s1 ** 2 / n1 + s2 ** 2 / n2
            yield (lambda: m1 - m2), (lambda: v)
            continue
        d, j = (m1 - m2) / sp, correction(df)
        g = j * d
        v = {"LS": base + g ** 2 / (2 * (n1 + n2)), "LS2": j ** 2 * (base + d ** 2 / (2 * (n1 + n2))),
             "UB": base + (1 - (df - 2) / (df * j ** 2)) * g ** 2}[opts["vtype"]]
        yield (lambda: g), (lambda: v)


def paired(measure, inp, opts):
    for m1, m2, s1, s2, n, r in zip(*(map(mp.mpf, inp[c]) for c in ("m1i", "m2i", "sd1i", "sd2i", "ni", "ri"))):
        change = s1 ** 2 + s2 ** 2 - 2 * r * s1 * s2
        if measure == "MC":
            yield (lambda: m1 - m2), (lambda: change / n)
        elif n < 3:
            yield None  # the correction has a pole at one degree of freedom
        elif measure == "SMCR":
            g = correction(n - 1) * (m1 - m2) / s1
            yield (lambda: g), (lambda: 2 * (1 - r) / n + g ** 2 / (2 * n))
        else:
            g = correction(n - 1) * (m1 - m2) / mp.sqrt(change)
            yield (lambda: g), (lambda: 1 / n + g ** 2 / (2 * n))


def proportions(measure, inp, opts):
    rows = list(zip(map(mp.mpf, inp["xi"]), map(mp.mpf, inp["ni"])))
    for (x, n), e in zip(rows, added(measure, opts, [x == 0 or x == n for x, n in rows])):
        x, n = x + e, n + 2 * e
        p, m = x / n, n - x
        if measure == "PR":
            yield (lambda: p), (lambda: p * (1 - p) / n)
        elif measure == "PLN":
            yield (lambda: mp.log(p)), (lambda: 1 / x - 1 / n)
        elif measure == "PLO":
            yield (lambda: mp.log(x / m)), (lambda: 1 / x + 1 / m)
        elif measure == "PAS":
            yield (lambda: mp.asin(mp.sqrt(p))), (lambda: 1 / (4 * n))
        elif measure == "PFT":
            yield (lambda: (mp.asin(mp.sqrt(x / (n + 1))) + mp.asin(mp.sqrt((x + 1) / (n + 1)))) / 2), (lambda: 1 / (4 * n + 2))


def correlations(measure, inp, opts):
    for r, n in zip(map(mp.mpf, inp["ri"]), map(mp.mpf, inp["ni"])):
        if measure == "COR":
            yield (lambda: r), (lambda: (1 - r * r) ** 2 / (n - 1))
        else:
            yield (lambda: mp.atanh(r)), (lambda: 1 / (n - 3))


def rates(measure, inp, opts):
    rows = list(zip(map(mp.mpf, inp["xi"]), map(mp.mpf, inp["ti"])))
    for (x, t), e in zip(rows, added(measure, opts, [x == 0 for x, _ in rows])):
        x = x + e
        if measure == "IR":
            yield (lambda: x / t), (lambda: x / t ** 2)
        elif measure == "IRLN":
            yield (lambda: mp.log(x / t)), (lambda: 1 / x)
        elif measure == "IRS":
            yield (lambda: mp.sqrt(x / t)), (lambda: 1 / (4 * t))
        else:
            yield (lambda: (mp.sqrt(x / t) + mp.sqrt((x + 1) / t)) / 2), (lambda: 1 / (4 * t))


def two_rates(measure, inp, opts):
    rows = list(zip(*(map(mp.mpf, inp[c]) for c in ("x1i", "t1i", "x2i", "t2i"))))
    for (x, t, u, s), e in zip(rows, added(measure, opts, [r[0] == 0 or r[2] == 0 for r in rows])):
        x, u = x + e, u + e
        if measure == "IRR":
            yield (lambda: mp.log(x / t / (u / s))), (lambda: 1 / x + 1 / u)
        elif measure == "IRD":
            yield (lambda: x / t - u / s), (lambda: x / t ** 2 + u / s ** 2)
        else:
            yield (lambda: mp.sqrt(x / t) - mp.sqrt(u / s)), (lambda: 1 / (4 * t) + 1 / (4 * s))


FAMILY = {"OR RR RD AS PETO": tables, "MD SMD": means, "MC SMCR SMCC": paired, "PR PLN PLO PAS PFT": proportions,
          "COR ZCOR": correlations, "IR IRLN IRS IRFT": rates, "IRR IRD IRSD": two_rates}
OF = {m: f for names, f in FAMILY.items() for m in names.split()}


def value(thunk):
    try:
        x = thunk()
    except (ZeroDivisionError, ValueError):
        return None
    return x if mp.isfinite(x) else None


def main():
    with open("metafor_effects.json") as f:
        entries = json.load(f)["effects"]
    lines, worst = [], {}
    for i, e in enumerate(entries):
        opts = e["opts"]
        yi, vi = [], []
        for pair in OF[e["measure"]](e["measure"], e["inputs"], opts):  # each thunk is run before the next row
            yi.append(None if pair is None else value(pair[0]))
            vi.append(None if pair is None else value(pair[1]))
        for name, truth, theirs in (("yi", yi, e["yi"]), ("vi", vi, e["vi"])):
            for row, (a, b) in enumerate(zip(truth, theirs)):
                if (a is None) != (b is None):
                    print("MISSING", e["measure"], opts, name, row, {k: v[row] for k, v in e["inputs"].items()}, "mpmath", text(a), "metafor", b)
                elif a is not None:
                    d = abs(a - b) / abs(a) if a != 0 else mp.mpf(abs(b))
                    if name == "yi" and vi[row]:  # an error far below the standard error, at a true zero, is rounding
                        d = min(d, mp.mpf(10) ** 6 * abs(a - b) / mp.sqrt(vi[row]))
                    key = (e["measure"], opts.get("vtype", ""), name)
                    if d > worst.get(key, (0,))[0]:
                        worst[key] = (float(d), opts, {k: v[row] for k, v in e["inputs"].items()}, b, text(a))
        lines.append(json.dumps({"index": i, "measure": e["measure"], "opts": opts, "yi": [text(a) for a in yi], "vi": [text(a) for a in vi]},
                                separators=(",", ":")))
    source = {"tool": "mpmath", "version": mp.__version__, "precision": f"{mp.mp.dps} digits, {DIGITS} written", "script": "mpmath_effects.py",
              "inputs": "metafor_effects.json: effects[index].inputs", "null": "not defined or not finite"}
    with open("mpmath_effects.json", "w") as f:
        f.write('{"source":' + json.dumps(source) + ',\n"effects":[\n' + ",\n".join(lines) + "\n]}\n")
    for key, w in sorted(worst.items()):
        if w[0] > 1e-14:
            print(key, *w)


if __name__ == "__main__":
    main()
