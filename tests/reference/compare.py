"""Compares the pinned files with one another and prints the largest relative differences. Run here: python3 compare.py

Relative to max(|a|, |b|); for mu, b and interval limits relative to the width of the interval, so that a value near
zero does not count as an error. Fits whose tau2 is at zero in one file and positive in the other are listed.
"""
import json


def load(name):
    with open(name) as f:
        return json.load(f)


worst, listed = {}, []


def note(pair, method, quantity, where, a, b, scale=None):
    if a is None or b is None:
        if (a is None) != (b is None):
            listed.append((pair, method, quantity, where, a, b))
        return
    size = max(abs(a), abs(b)) if scale is None else scale
    d = 0.0 if a == b else abs(a - b) / size if size > 0 else float("inf")
    key = (pair, quantity, method)
    if key not in worst or d > worst[key][0]:
        worst[key] = (d, where, a, b)


def rows(c):
    return {f["method"]: f for f in c["fits"]}


truth = {c["name"]: c for c in load("mpmath_pool.json")["cases"]}
old = {c["name"]: c for c in load("metafor_pool.json")["cases"]}
new = load("pool_metafor_5_1.json")["cases"]


def against_truth(pair, name, fits, t):
    for m, g in rows(t).items():
        f = fits[m]
        x = {k: float(v) for k, v in g.items() if k != "method" and isinstance(v, str)}
        lim = {k: [float(a) for a in v] for k, v in g.items() if isinstance(v, list)}
        vt = float(t["typical_variance"])
        note(pair, m, "tau2 / (tau2 + s2)", name, f["tau2"], x["tau2"], x["tau2"] + vt)
        if m != "EE":
            note(pair, m, "tau2", name, f["tau2"], x["tau2"])
            note(pair, m, "I2", name, f["I2"], x["I2"], 100.0)
            note(pair, m, "H2", name, f["H2"], x["H2"])
        else:
            note(pair, m, "I2 (from Q)", name, f["I2"], float(t["I2_Q"]), 100.0)
            note(pair, m, "H2 (from Q)", name, f["H2"], float(t["H2_Q"]))
        note(pair, m, "Q", name, f["QE"], float(t["Q"]))
        note(pair, m, "Q p", name, f["QEp"], float(t["Q_p"]))
        for k in ("ll_ml", "ll_reml"):
            note(pair, m, k, name, f[k], x[k], max(1.0, abs(x[k])))
        for test, ci, se, p, pi in (("z", "ci_z", "se", "p_z", "pi_z_wald"), ("t", "ci_t", "se", "p_t", "pi_t_wald"),
                                    ("knha", "ci_hk", "se_hk", "p_hk", "pi_t_hk"), ("adhoc", "ci_hk_truncated", None, None, None)):
            b = f["tests"][test]
            width = lim[ci][1] - lim[ci][0]
            if width == 0:
                continue
            note(pair, m, "mu", name, b["b"], x["mu"], width)
            note(pair, m, f"ci {test}", name, b["lb"], lim[ci][0], width)
            note(pair, m, f"ci {test}", name, b["ub"], lim[ci][1], width)
            if se:
                note(pair, m, f"se {test}", name, b["se"], x[se])
                note(pair, m, f"p {test}", name, b["p"], x.get(p))
            if pi and pi in lim:
                w = lim[pi][1] - lim[pi][0]
                note(pair, m, f"pi {test}", name, b["pi_lb"], lim[pi][0], w)
                note(pair, m, f"pi {test}", name, b["pi_ub"], lim[pi][1], w)


def qp(pair, name, level, lb, ub, empty, t):
    q = next(q for q in t["qprofile"] if abs(float(q["level"]) - level) < 1e-9)
    if q["empty"] != empty:
        listed.append((pair, "QP", "empty", name, empty, q["empty"]))
    elif not empty:
        note(pair, "QP", f"lower {level}", name, lb, float(q["lower"]))
        note(pair, "QP", f"upper {level}", name, ub, float(q["upper"]))


for name, c in old.items():
    if name in truth:
        against_truth("3.8 / mpmath", name, rows(c), truth[name])
        for q in c["qprofile"]:
            qp("3.8 / mpmath", name, q["level"], q["tau2_lb"], q["tau2_ub"], q["empty"], truth[name])
same = 0
for c in new:
    for o in list(old.values()):
        if len(o["yi"]) == c["k"] and all(abs(a - b) <= 1e-13 * max(abs(a), abs(b)) for x in ("yi", "vi") for a, b in zip(o[x], c[x])):
            same += 1
            if o["name"] in truth:
                against_truth("5.1 / mpmath", c["name"], rows(c), truth[o["name"]])
                q = c["qprofile95"]
                qp("5.1 / mpmath", c["name"], 0.95, q["tau2_lb"], q["tau2_ub"], False, truth[o["name"]])
            a, b = rows(c), rows(o)
            for m in a:
                scale = b[m]["tau2"] + sum(c["vi"]) / c["k"]
                note("5.1 / 3.8", m, "tau2 / (tau2 + mean v)", c["name"], a[m]["tau2"], b[m]["tau2"], scale)
                for k in ("se_tau2", "H2"):
                    note("5.1 / 3.8", m, k, c["name"], a[m][k], b[m][k])
                for k in ("aic_ml", "aic_reml", "bic_reml", "aicc_reml", "ll_ml", "ll_reml"):
                    note("5.1 / 3.8", m, k, c["name"], a[m][k], b[m][k], max(1.0, abs(b[m][k])))
                for t in a[m]["tests"]:
                    for k in ("se", "pi_lb", "pi_ub"):
                        note("5.1 / 3.8", m, f"{k} {t}", c["name"], a[m]["tests"][t][k], b[m]["tests"][t][k])

sets = {"A_seed_any_response": "ivig_a", "A2_seed_pessimistic": "ivig_a2", "B2_cutaneous_skin_only": "ivig_b2", "C2_muscle_extended": "ivig_c2"}
for c in load("ivig_metafor_5_1.json")["one_arm"]:
    for x in c["measures"] if c["name"] in sets else []:
        t = truth[sets[c["name"]] + "_" + x["measure"]]
        where, pair, g = c["name"] + "_" + x["measure"], "ivig 5.1 / mpmath", rows(t)
        for f in x["fits"]:
            r = g[f["method"]]
            ci, pi = [float(a) for a in r["ci_z"]], r["pi_z_wald"]
            note(pair, f["method"], "mu", where, f["estimate"], float(r["mu"]), ci[1] - ci[0])
            note(pair, f["method"], "se", where, f["se"], float(r["se"]))
            note(pair, f["method"], "tau2 / (tau2 + s2)", where, f["tau2"], float(r["tau2"]), float(r["tau2"]) + float(t["typical_variance"]))
            for a, b in zip(f["ci"], ci):
                note(pair, f["method"], "ci z", where, a, b, ci[1] - ci[0])
            for a, b in zip(f["pi"] or [], pi or []):
                note(pair, f["method"], "pi z", where, a, float(b), float(pi[1]) - float(pi[0]))
        if x["tau2_ci"]:
            qp(pair, where, 0.95, *x["tau2_ci"], x["tau2_ci_empty"], t)

print("data sets in common: 5.1 and 3.8", same)
table = {}
for (pair, quantity, method), v in worst.items():
    table.setdefault((pair, quantity), []).append((v[0], method) + v[1:])
for key in sorted(table):
    r = sorted(table[key], key=lambda a: -a[0])
    print(key, " | ".join(f"{a[1]} {a[0]:.1e} {a[2]}" for a in r[:4]))
for a in listed:
    print("LISTED", a)
