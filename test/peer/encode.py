"""The encoded rows of a table, computed by pandas: greatest differences by column, as JSON.

Parameters: the CSV file, the folder of the encoded parts, the seed of the folds.
"""

import hashlib
import json
import pathlib
import sys

import numpy as np
import pandas as pd

source, encoded, seed = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
folds, smoothing = 5, 20.0

table = pd.read_csv(source, dtype={"user": str, "item": str, "part": str}, keep_default_na=False, na_values=[""])
train = table[table["part"] == "train"]


def fold(row: int) -> int:
    digest = hashlib.md5(f"{seed}:{row}".encode()).digest()
    return int.from_bytes(digest[8:], "little") % folds


def target_encoding(keys: list[str]) -> pd.Series:
    """Out of fold for training rows, the whole training part's mean for the others."""
    mean = train["label"].mean()

    def learn(rows: pd.DataFrame) -> pd.Series:
        grouped = rows.groupby(keys, dropna=False)["label"].agg(["sum", "count"])
        return (grouped["sum"] + smoothing * mean) / (grouped["count"] + smoothing)

    def apply(learnt: pd.Series, rows: pd.DataFrame) -> np.ndarray:
        joined = rows[keys].merge(learnt.rename("value").reset_index(), on=keys, how="left")
        return joined["value"].fillna(mean).to_numpy()

    values = pd.Series(apply(learn(train), table), index=table.index)
    own = pd.Series([fold(row) for row in train.index], index=train.index)
    for number in range(folds):
        held = train[own == number]
        values[held.index] = apply(learn(train[own != number]), held)
    return values


def ids(column: str) -> pd.Series:
    """1 for the most frequent value of the training part, ties by value; 0 for unknown and missing."""
    counts = train[column].value_counts().rename("n").reset_index().sort_values(["n", column], ascending=[False, True])
    index = {value: place + 1 for place, value in enumerate(counts[column])}
    return table[column].map(index).fillna(0).astype(int)


price = table["price"].fillna(train["price"].mean())
learnt = price[train.index]
user_counts = table["user"].map(train["user"].value_counts()).fillna(0)
user_counts[table["user"].isna()] = train["user"].isna().sum()
expected = pd.DataFrame(
    {
        "user": ids("user"),
        "item": ids("item"),
        "price": (price - learnt.mean()) / learnt.std(ddof=0),
        "TE_item_label": target_encoding(["item"]),
        "TE_user_item_label": target_encoding(["user", "item"]),
        "user_count": user_counts,
        "label": table["label"],
    }
)

differences: dict[str, float] = {}
rows = 0
for part in ["train", "validation", "test"]:
    found = pd.read_parquet(encoded / part / "part-00000.parquet")
    wanted = expected[table["part"] == part].reset_index(drop=True)
    rows += len(found)
    for column in wanted:
        difference = float((found[column].astype(float) - wanted[column].astype(float)).abs().max())
        differences[column] = max(differences.get(column, 0.0), difference)
print(json.dumps({"rows": rows, "differences": differences}))
