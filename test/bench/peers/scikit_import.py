"""The import of a raw table as it is done with pandas and scikit-learn: read, split, encode, write.

Ids by frequency with 0 for what training does not have, numbers filled with the training mean and standardised, the
skewed one by its logarithm, one Parquet file a part, and what was learnt, which new rows need. Arguments: the CSV file, a folder to write into, the seed. Prints
one JSON document.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

IDS = ["user_id", "item_id", "zip_code", "device", "category"]
NUMBERS = ["age", "price", "affinity", "seconds_on_page", "previous_orders"]
MISSING = ["age", "affinity"]

source, folder, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
frame = pd.read_csv(source, dtype={name: "str" for name in IDS})
rows = np.arange(len(frame))
train, held = train_test_split(rows, test_size=0.2, random_state=seed)
validation, test = train_test_split(held, test_size=0.5, random_state=seed)
parts = {"train": np.sort(train), "validation": np.sort(validation), "test": np.sort(test)}
training = frame.iloc[parts["train"]]

encoded = pd.DataFrame(index=frame.index)
for name in IDS:
    counts = training[name].value_counts()
    ids = pd.Series(np.arange(1, len(counts) + 1, dtype=np.int32), index=counts.index)
    vocabulary = pd.DataFrame({"index": ids.to_numpy(), "value": counts.index, "count": counts.to_numpy()})
    vocabulary.to_parquet(folder / f"{name}.parquet", index=False)
    encoded[name] = frame[name].map(ids).fillna(0).astype(np.int32)
fill = training[NUMBERS].mean()
numbers = frame[NUMBERS].fillna(fill)
numbers["previous_orders"] = np.log1p(numbers["previous_orders"])
scaler = StandardScaler().fit(numbers.iloc[parts["train"]].to_numpy())
encoded[NUMBERS] = scaler.transform(numbers.to_numpy()).astype(np.float32)
learnt = {"fill": fill.to_dict(), "mean": scaler.mean_.tolist(), "scale": scaler.scale_.tolist()}
(folder / "numbers.json").write_text(json.dumps(learnt))
for name in MISSING:
    encoded[f"{name}_missing"] = frame[name].isna().astype(np.int8)
encoded["label"] = frame["label"].astype(np.int8)

for part, chosen in parts.items():
    encoded.iloc[chosen].to_parquet(folder / f"{part}.parquet", index=False)
json.dump({part: len(chosen) for part, chosen in parts.items()}, sys.stdout)
