"""statsmodels' StratifiedTable as a black box. Run in this directory: python3 tables_statsmodels.py

Reads the data of tables_metafor.json, writes tables_statsmodels.json. Tables with an empty margin are left out for it.
"""
import json
import numpy as np
import statsmodels
from statsmodels.stats.contingency_tables import StratifiedTable

cases = []
for c in json.load(open("tables_metafor.json"))["cases"]:
    if c["kind"] != "tables" or c["level"] != 0.95:
        continue
    rows = [r for r in zip(c["ai"], c["bi"], c["ci"], c["di"]) if r[0] + r[2] > 0 and r[1] + r[3] > 0]
    if sum(a * d for a, b, _, d in rows) == 0 or sum(b * x for a, b, x, d in rows) == 0:
        continue
    t = StratifiedTable([np.array([[a, b], [x, d]], dtype=float) for a, b, x, d in rows])
    low, high = t.logodds_pooled_confint(0.05)
    cases.append({"name": c["name"], "log_or": t.logodds_pooled, "se": t.logodds_pooled_se, "lower": low, "upper": high, "rr": t.riskratio_pooled,
                  "cmh": t.test_null_odds(correction=False).statistic, "cmh_half": t.test_null_odds(correction=True).statistic,
                  "bd": t.test_equal_odds(adjust=False).statistic, "tarone": t.test_equal_odds(adjust=True).statistic,
                  "tarone_p": t.test_equal_odds(adjust=True).pvalue})
source = {"tool": "statsmodels", "version": statsmodels.__version__, "script": "tables_statsmodels.py"}
json.dump({"source": source, "cases": cases}, open("tables_statsmodels.json", "w"), indent=0)
