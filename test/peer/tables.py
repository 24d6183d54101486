"""What a raw table becomes, computed by pandas and scikit-learn, held against Graft's files; differences as JSON.

Parameters: the CSV file, the project's `dataset` folder, the split, its seed.
"""

import hashlib
import json
import pathlib
import sys

import numpy as np
import pandas as pd
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, KBinsDiscretizer, MinMaxScaler, StandardScaler

source, dataset, split, seed = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
PARTS = ["train", "validation", "test"]
TEXTS = {name: str for name in ["user", "item", "zip", "home", "work", "tags", "part"]}

table = pd.read_csv(source, dtype=TEXTS, keep_default_na=False, na_values=[""])
found = {
    part: pd.concat(map(pd.read_parquet, sorted((dataset / "encoded" / part).glob("*.parquet"))), ignore_index=True)
    for part in PARTS
}


def expected_parts() -> pd.Series | None:
    """The part of each row; None where chance deals them."""
    kind, _, rest = split.partition(":")
    if kind == "random":
        return None
    if kind == "column":
        return table[rest]
    if kind == "leave-last-out":
        user, time = rest.split(":")
        ordered = table[table[user].notna()].sort_values([time, "row"])
        groups = ordered.groupby(user)
        back = groups.cumcount(ascending=False).reindex(table.index)
        size = groups["row"].transform("size").reindex(table.index)
        return pd.Series(
            np.select([(size < 3) | size.isna(), back == 0, back == 1], ["train", "test", "validation"], "train")
        )
    column, shares = rest.split(":")
    train, validation, _ = map(float, shares.split(","))
    if kind == "time":
        times = np.sort(table[column].to_numpy())
        first = times[round(len(times) * train)]
        second = times[round(len(times) * (train + validation))]
        return pd.Series(np.select([table[column] >= second, table[column] >= first], ["test", "validation"], "train"))
    # Groups one after the other in the order of their hashes; each belongs where its middle row falls.
    groups = table[column].fillna("").value_counts().rename("n").rename_axis("group").reset_index()
    groups["hash"] = [hashlib.md5(f"{seed}:{name}".encode()).hexdigest() for name in groups["group"]]
    groups = groups.sort_values(["hash", "group"])
    middle = (groups["n"].cumsum() - groups["n"] / 2) / len(table)
    part = np.select([middle < train, middle < train + validation], ["train", "validation"], "test")
    return table[column].fillna("").map(dict(zip(groups["group"], part)))


dealt = pd.Series(index=table.index, dtype=str)
for part, rows in found.items():
    dealt[rows["row"].astype(int)] = part
expected = expected_parts()
misplaced = 0 if expected is None else int((dealt != expected).sum())
# Within a part rows keep their order.
misplaced += sum(int((np.diff(rows["row"]) <= 0).sum()) for rows in found.values())
train = table[dealt == "train"]


def counts_of(values: pd.Series) -> pd.DataFrame:
    """Values by how often they are there, ties by value."""
    counts = values.value_counts().rename("count").rename_axis("value").reset_index()
    return counts.sort_values(["count", "value"], ascending=[False, True], ignore_index=True)


def items_of(values: pd.Series) -> pd.Series:
    return values.fillna("").map(lambda text: [item for item in text.split("|") if item])


counted = {
    "user": counts_of(train["user"]).query("count >= 3"),
    "item": counts_of(train["item"]).head(60),
    "shop": counts_of(train["shop"]),
    "city": counts_of(pd.concat([train["home"], train["work"]])),
    "tags": counts_of(items_of(train["tags"]).explode().dropna()),
}
vocabularies = {}
for domain, wanted in counted.items():
    own = pd.read_parquet(dataset / "vocabularies" / f"{domain}.parquet")
    same = len(own) == len(wanted) and (
        (own["value"].to_numpy() == wanted["value"].astype(str).to_numpy())
        & (own["count"].to_numpy() == wanted["count"].to_numpy())
        & (own["index"].to_numpy() == np.arange(1, len(wanted) + 1))
    )
    vocabularies[domain] = [len(wanted), int(np.size(same) - np.sum(same))]

index = {
    domain: {value: place + 1 for place, value in enumerate(wanted["value"])} for domain, wanted in counted.items()
}


def hashed(text: str, buckets: int) -> int:
    return int.from_bytes(hashlib.md5(text.encode()).digest()[8:], "little") % buckets + 1


ids = pd.DataFrame(
    {
        # A missing user has an id of its own, the last.
        "user": table["user"].map(index["user"]).fillna(0).where(table["user"].notna(), len(index["user"]) + 1),
        "item": table["item"].map(index["item"]).fillna(0),
        "shop": table["shop"].map(index["shop"]).fillna(0),
        "zip": table["zip"].map(lambda text: hashed(text, 97), na_action="ignore").fillna(98),
        "home": table["home"].map(index["city"]).fillna(0),
        "work": table["work"].map(index["city"]).fillna(0),
        "tags": items_of(table["tags"]).map(lambda items: [index["tags"].get(item, 0) for item in items]),
        "label": table["label"],
    }
)

bins = KBinsDiscretizer(n_bins=10, encode="ordinal", strategy="quantile", quantile_method="linear", subsample=None)
transforms = {
    "standard": make_pipeline(SimpleImputer(strategy="mean"), StandardScaler()),
    "range": make_pipeline(SimpleImputer(strategy="constant", fill_value=0.0), MinMaxScaler()),
    "logarithm": make_pipeline(SimpleImputer(strategy="median"), FunctionTransformer(np.log1p), StandardScaler()),
    # A value on an edge belongs to the bin below, as in pandas.cut; in scikit-learn to the one above.
    "ranks": make_pipeline(SimpleImputer(strategy="mean"), FunctionTransformer(np.negative), bins),
    "filled": SimpleImputer(strategy="constant", fill_value=7.5),
}
numbers = {name: step.fit(train[[name]]).transform(table[[name]])[:, 0] for name, step in transforms.items()}
highest = bins.n_bins_[0] - 1
numbers["ranks"] = (highest - numbers["ranks"]) / highest
numbers["filled_missing"] = MissingIndicator().fit_transform(table[["filled"]])[:, 0].astype(float)

differences = dict.fromkeys(numbers, 0.0)
wrong_ids = dict.fromkeys(ids, 0)
for part, rows in found.items():
    at = rows["row"].astype(int)
    for name, values in numbers.items():
        differences[name] = max(differences[name], float(np.abs(rows[name].to_numpy() - values[at]).max()))
    for name in wrong_ids:
        wanted = ids[name][at]
        if name == "tags":
            wrong_ids[name] += sum(list(a) != list(b) for a, b in zip(rows[name], wanted))
        else:
            wrong_ids[name] += int((rows[name].to_numpy() != wanted.to_numpy()).sum())

test = table[dealt == "test"]
overlap = {}
for name in ["user", "item", "zip"]:
    values = test[name].dropna()
    # All that training has, those that got no id too.
    seen = values.isin(train[name].dropna())
    overlap[name] = [values.nunique(), values[seen].nunique(), int((~seen).sum()), int(test[name].isna().sum())]

print(
    json.dumps(
        {
            "parts": {part: len(rows) for part, rows in found.items()},
            "misplaced": misplaced,
            "vocabularies": vocabularies,
            "differences": differences,
            "wrongIds": wrong_ids,
            "overlap": overlap,
            "rates": {part: float(table.loc[dealt == part, "label"].mean()) for part in PARTS},
            "membership": hashlib.sha256(",".join(dealt).encode()).hexdigest(),
        }
    )
)
