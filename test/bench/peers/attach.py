"""What attaching a table of vectors by key takes without Graft: numpy and pandas, in one run.

``make FOLDER ROWS WIDTH`` writes the files: ``vectors.npy`` with ``ids.txt`` beside it, and the same as ``vectors.parquet``,
rows shuffled. ``run npy|parquet FOLDER`` loads one of them, joins it onto the ids 1 to ROWS, puts the unknown row (the
mean) before them, saves the table and fsyncs it; it prints the seconds, its imports left out.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd


def make(folder, rows, width):
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(5)
    keys = random.permutation(rows) + 1
    vectors = random.standard_normal((rows, width), dtype=np.float32)
    np.save(folder / "vectors.npy", vectors)
    (folder / "ids.txt").write_text("\n".join(map(str, keys)) + "\n")
    schema = pa.schema([("key", pa.int64()), ("vector", pa.list_(pa.float32()))])
    with pq.ParquetWriter(folder / "vectors.parquet", schema) as writer:
        for start in range(0, rows, 50_000):
            part = vectors[start : start + 50_000]
            offsets = np.arange(len(part) + 1, dtype=np.int32) * width
            lists = pa.ListArray.from_arrays(pa.array(offsets), pa.array(part.ravel()))
            writer.write_table(pa.table({"key": keys[start : start + 50_000], "vector": lists}, schema=schema))

    # What is still to be written would slow down whoever comes first.
    os.sync()


def load(kind, folder):
    if kind == "npy":
        keys = pd.read_csv(folder / "ids.txt", header=None)[0].to_numpy()
        return pd.DataFrame(np.load(folder / "vectors.npy"), index=keys)
    frame = pd.read_parquet(folder / "vectors.parquet")
    return pd.DataFrame(np.stack(frame["vector"].to_numpy()), index=frame["key"].to_numpy())


def run(kind, folder):
    start = time.perf_counter()
    vectors = load(kind, folder)
    joined = pd.DataFrame(index=np.arange(1, len(vectors) + 1)).join(vectors).to_numpy()
    table = np.empty((len(joined) + 1, joined.shape[1]), np.float32)
    table[1:] = joined
    table[0] = joined.mean(axis=0)
    out = folder / "peer.npy"
    with open(out, "wb") as file:
        np.save(file, table)
        file.flush()
        os.fsync(file.fileno())
    seconds = time.perf_counter() - start
    out.unlink()
    print(json.dumps({"seconds": seconds}))


if sys.argv[1] == "make":
    make(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
else:
    run(sys.argv[2], Path(sys.argv[3]))
