"""Thirty-digit truth for 316 random and hostile data sets, with mpmath. Run here: python3 mpmath_random.py (a quarter of an hour)

The analysis is that of mpmath_pool.py; the data sets are drawn by its generator from regimes: number of studies, spread of the
variances, true tau2 against them, shape of the effects, unit. Sets with several likelihood maxima are sought until 60 are found.
Standard errors of tau2 are those of a quadratic form y'By of normal effects, var = 2 tr(B S B S) with S = diag(v + tau2),
written with full matrices; REML and ML use the expected information, Paule-Mandel the formula of Viechtbauer et al. 2015.
"""
import json
import mpmath as mp
from mpmath_pool import Data, Lcg, ONE, ZERO, block, chi2_sf, likelihood_fit, q_profile, solve_q, text

KEEP = ("method", "tau2", "mu", "se", "I2", "ll_ml", "ll_reml", "ci_hk", "p_hk", "ci_z", "p_z")


def residual_maker(weights):
    """P = W - W 1 (1'W1)^-1 1'W as rows."""
    s = sum(weights)
    k = len(weights)
    return [[(weights[i] if i == j else ZERO) - weights[i] * weights[j] / s for j in range(k)] for i in range(k)]


def form_sd(b, variances):
    """Standard deviation of y'By with independent normal effects of these variances."""
    k = len(b)
    return mp.sqrt(2 * sum(b[i][j] * b[j][i] * variances[i] * variances[j] for i in range(k) for j in range(k)))


def tau2_errors(d, tau2):
    k = d.k
    total = lambda t: [a + t for a in d.v]
    p0 = residual_maker([ONE / a for a in d.v])
    centre = residual_maker([ONE] * k)
    trace = lambda b: sum(b[i][i] for i in range(k))
    out = {
        "DL": form_sd(p0, total(tau2["DL"])) / trace(p0),
        "HS": form_sd(p0, total(tau2["HS"])) / sum(ONE / a for a in d.v),
        "HE": form_sd(centre, total(tau2["HE"])) / (k - 1),
    }
    t0 = d.rss / k
    if t0 > 0:
        out["SJ"] = t0 / (k - 1) * form_sd(residual_maker([ONE / (a + t0) for a in d.v]), total(tau2["SJ"]))
    p = residual_maker([ONE / a for a in total(tau2["REML"])])
    out["REML"] = mp.sqrt(2 / sum(p[i][j] ** 2 for i in range(k) for j in range(k)))
    out["ML"] = mp.sqrt(2 / sum(a ** -2 for a in total(tau2["ML"])))
    out["PM"] = mp.sqrt(mp.mpf(2) * k * k / (k - 1)) / sum(ONE / a for a in total(tau2["PM"]))
    return out


def analyse(name, yi, vi):
    d = Data(yi, vi)
    k = d.k
    w, s, _ = d.weights(ZERO)
    s2 = sum(a * a for a in w)
    q = d.q(ZERO)
    start = d.rss / k
    tau2 = {
        "DL": max(ZERO, (q - (k - 1)) / (s - s2 / s)),
        "HE": max(ZERO, d.rss / (k - 1) - sum(d.v) / k),
        "HS": max(ZERO, (q - k) / s),
        "SJ": ZERO if start == 0 else start * d.q(start) / (k - 1),
        "PM": solve_q(d, mp.mpf(k - 1)),
    }
    typical = (k - 1) / (s - s2 / s)
    tau2["REML"], reml = likelihood_fit(d, True)
    tau2["ML"], ml = likelihood_fit(d, False)
    assert tau2["ML"] <= tau2["REML"]
    errors = tau2_errors(d, tau2)
    maxima = lambda points: [{"tau2": p["tau2"], "loglik": p["loglik"]} for p in points if p["kind"] == "maximum"]
    fits = []
    for m in ("DL", "HE", "HS", "SJ", "ML", "REML", "PM"):
        full = block(d, m, tau2[m], typical)
        fits.append({key: full[key] for key in KEEP} | {"se_tau2": text(errors.get(m))})
    return {"name": name, "k": k, "yi": yi, "vi": vi, "Q": text(q), "Q_p": text(chi2_sf(q, k - 1)), "typical_variance": text(typical),
            "fits": fits, "reml_maxima": maxima(reml), "ml_maxima": maxima(ml), "qprofile": [q_profile(d, mp.mpf(95) / 100)]}


def draw(seed, k, decades, ratio, shape, unit):
    """Effects around 0.3 with variances over so many decades; true tau2 = ratio * geometric mean variance."""
    g = Lcg(seed * 2654435761 + 12345)
    g.uniform()
    v = [10.0 ** (-2.0 + decades * (g.uniform() - 0.5)) for _ in range(k)]
    tau = (ratio * 0.01) ** 0.5
    y = []
    for a in v:
        u = g.bell()
        if shape == "outlier" and g.uniform() < 0.2:
            u *= 8.0
        if shape == "two groups":
            u = 0.3 * u + (2.0 if g.uniform() < 0.4 else -1.0)
        y.append(0.3 + tau * u + a ** 0.5 * g.bell())
    if shape == "rounded":
        y, v = [round(a, 2) for a in y], [max(round(a, 4), 1e-4) for a in v]
    return [a * unit for a in y], [a * unit * unit for a in v]


def regimes():
    seed = 0
    for k in (2, 3, 4, 5, 7, 10, 15, 25, 40):
        for decades in (0.0, 1.0, 3.0, 6.0):
            for ratio in (0.0, 0.3, 3.0, 1e4):
                for shape in ("normal",) if k in (2, 40) else ("normal", ("outlier", "two groups", "rounded")[seed % 3]):
                    seed += 1
                    unit = (1.0, 1e-3, 1e3, 1e-30, 2.0 ** -40)[seed % 5]
                    yield f"r{seed}_k{k}_d{decades:g}_t{ratio:g}_{shape.replace(' ', '_')}", draw(seed, k, decades, ratio, shape, unit)


def multimodal(wanted):
    """Sets in which the restricted likelihood has two maxima or more, found by drawing."""
    seed, found = 10_000, 0
    while found < wanted:
        seed += 1
        k = 4 + seed % 7
        y, v = draw(seed, k, 4.0, 1.0, "outlier", 1.0)
        d = Data(y, v)
        # A coarse look at the score first, at 60 points: two sign changes from plus to minus.
        grid = [ZERO] + [d.vmin * mp.mpf(10) ** (mp.mpf(i) / 6 - 2) for i in range(60)]
        signs = [mp.sign((lambda p: p[0] - p[1])(d.score_parts(x, True))) for x in grid]
        falls = sum(1 for a, b in zip(signs, signs[1:]) if a > 0 > b) + (signs[0] < 0)
        if falls >= 2:
            found += 1
            yield f"m{seed}_k{k}", (y, v)


def main():
    rows = []
    for name, (y, v) in [*regimes(), *multimodal(60)]:
        rows.append(analyse(name, y, v))
        print(len(rows), name, len(rows[-1]["reml_maxima"]), flush=True)
    source = {"tool": "mpmath", "version": mp.__version__, "precision": f"{mp.mp.dps} digits, 30 written", "script": "mpmath_random.py",
              "inputs": "exact doubles", "percent": "I2 is a percentage", "intervals": "ci_* at level 0.95"}
    with open("mpmath_random.json", "w") as f:
        f.write('{"source":' + json.dumps(source) + ',\n"cases":[\n' + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]}\n")


if __name__ == "__main__":
    main()
