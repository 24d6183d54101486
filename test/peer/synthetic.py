"""What pandas sees in a sample's Parquet file, and its own binning of the ids. Prints one JSON document."""

import json
import sys

import pandas as pd

frame = pd.read_parquet(sys.argv[1])
binned = {}
for column, source, bins in json.loads(sys.argv[2]):
    ours = frame[column]
    theirs = pd.cut(frame[source], bins, labels=list(range(1, bins + 1))).astype(ours.dtype)
    binned[column] = int((ours != theirs).sum())
json.dump(
    {
        "rows": len(frame),
        "dtypes": {name: str(dtype) for name, dtype in frame.dtypes.items()},
        "nulls": int(frame.isna().sum().sum()),
        "differing": binned,
    },
    sys.stdout,
)
