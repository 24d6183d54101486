"""Profiles of raw columns held against pandas: the columns that differ and how, as JSON.

Parameters: the CSV file, the profiles as JSON.
"""

import json
import sys

import numpy as np
import pandas as pd

TEXTS = {name: str for name in ["user", "item", "zip", "home", "work", "tags", "part"]}
table = pd.read_csv(sys.argv[1], dtype=TEXTS, keep_default_na=False, na_values=[""])
with open(sys.argv[2], encoding="utf-8") as file:
    profiles = json.load(file)

wrong = []


def expect(column: str, what: str, found: object, wanted: object) -> None:
    if found != wanted:
        wrong.append([column, what, str(found)[:200], str(wanted)[:200]])


for profile in profiles:
    name = profile["column"]
    values = table[name]
    facts = values.describe()
    expect(name, "rows", profile["rows"], len(values))
    expect(name, "missing", profile["missing"], int(values.isna().sum()))
    expect(name, "distinct", profile["distinct"], values.nunique())
    if name in TEXTS:
        expect(name, "min", profile["min"], values.dropna().min())
        expect(name, "max", profile["max"], values.dropna().max())
        expect(name, "histogram", profile["histogram"], None)
    else:
        quantiles = values.quantile([0.05, 0.25, 0.5, 0.75, 0.95])
        pairs = {
            "min": (profile["min"], facts["min"]),
            "max": (profile["max"], facts["max"]),
            "mean": (profile["mean"], facts["mean"]),
            **{
                key: (profile["quantiles"][key], wanted)
                for key, wanted in zip(["p5", "p25", "p50", "p75", "p95"], quantiles)
            },
        }
        for what, (found, wanted) in pairs.items():
            if not np.isclose(found, wanted, rtol=1e-9, atol=1e-12):
                wrong.append([name, what, found, float(wanted)])
        edges = np.array(profile["histogram"]["edges"])
        counts, _ = np.histogram(values.dropna(), edges)
        expect(name, "histogram", profile["histogram"]["counts"], counts.tolist())
    if values.dtype != float:
        counted = values.value_counts().rename("n").rename_axis("value").reset_index()
        top = counted.sort_values(["n", "value"], ascending=[False, True]).head(20)
        wanted = [{"value": str(value), "count": int(n)} for value, n in zip(top["value"], top["n"])]
        expect(name, "top", profile["top"], wanted)

print(json.dumps({"columns": len(profiles), "wrong": wrong}))
