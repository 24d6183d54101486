"""Writes one table in Arrow's formats by pyarrow and pandas, and as the Parquet that must be read from it."""

import datetime as dt
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

folder = sys.argv[1]
rng = np.random.default_rng(3)
rows = 5000


def gaps(values):
    """Every seventh value is missing."""
    return [None if i % 7 == 3 else value for i, value in enumerate(values)]


ints = [int(value) for value in rng.integers(-100, 100, rows)]
days = [dt.date(1999, 1, 1) + dt.timedelta(days=int(d)) for d in rng.integers(-20000, 20000, rows)]
# Whole milliseconds from 1677 on, as far as nanoseconds reach.
times = [dt.datetime(1990, 5, 17, 3, 4, 5, 6000) + dt.timedelta(milliseconds=int(x)) for x in rng.integers(-(10**12), 10**12, rows)]
words = [f"word {i % 50} é😀" + "x" * (i % 40) for i in ints]
lists = [[int(x) for x in rng.integers(0, 9, i % 4)] for i in range(rows)]
table = pa.table(
    {
        "i8": pa.array(gaps(ints), pa.int8()),
        "u16": pa.array([abs(i) for i in ints], pa.uint16()),
        "i32": pa.array(gaps(ints), pa.int32()),
        "i64": pa.array([i * 10**16 + 1 for i in ints], pa.int64()),
        "f32": pa.array(gaps(rng.normal(size=rows)), pa.float32()),
        "f64": pa.array(rng.normal(size=rows), pa.float64()),
        "flag": pa.array(gaps([i % 3 == 0 for i in ints]), pa.bool_()),
        "text": pa.array(gaps(words), pa.string()),
        "large": pa.array(words, pa.large_string()),
        "view": pa.array(gaps(words), pa.string_view()),
        "day": pa.array(gaps(days), pa.date32()),
        "day64": pa.array(days, pa.date64()),
        "s": pa.array([t.replace(microsecond=0) for t in times], pa.timestamp("s")),
        "ms": pa.array(gaps(times), pa.timestamp("ms")),
        "us": pa.array(times, pa.timestamp("us")),
        "ns": pa.array(times, pa.timestamp("ns")),
        "coded": pa.array(gaps(words)).dictionary_encode(),
        "items": pa.array(gaps(lists), pa.list_(pa.int64())),
        "names": pa.array([[words[x] for x in row] for row in lists], pa.large_list(pa.string())),
        "three": pa.array([[i, i + 1, i + 2] for i in ints], pa.list_(pa.int32(), 3)),
        "none": pa.nulls(rows),
    }
)

plain = table.set_column(table.schema.get_field_index("coded"), "coded", pa.array(gaps(words)))
for name, kind in [("day64", pa.timestamp("us")), ("day", pa.timestamp("us")), ("ns", pa.timestamp("us")), ("s", pa.timestamp("us"))]:
    plain = plain.set_column(plain.schema.get_field_index(name), name, plain[name].cast(kind))
plain = plain.set_column(plain.schema.get_field_index("view"), "view", pa.array(gaps(words)))
plain = plain.set_column(plain.schema.get_field_index("three"), "three", plain["three"].cast(pa.list_(pa.int64())))
plain = plain.set_column(plain.schema.get_field_index("none"), "none", pa.nulls(rows, pa.string()))
pq.write_table(plain, f"{folder}/expected.parquet")

with ipc.new_file(f"{folder}/file.arrow", table.schema) as writer:
    writer.write_table(table, max_chunksize=777)
feather.write_feather(table, f"{folder}/lz4.feather", compression="lz4", chunksize=1500)
# A stream whose batches have dictionaries of their own.
with ipc.new_stream(f"{folder}/stream.arrows", table.schema) as writer:
    for first in range(0, rows, 1000):
        piece = table.slice(first, 1000)
        own = piece["coded"].cast(pa.string()).combine_chunks().dictionary_encode()
        writer.write_table(piece.set_column(table.schema.get_field_index("coded"), "coded", own))
nested = pa.table({"a": [1, 2], "b": [{"x": 1}, {"x": 2}]})
feather.write_feather(nested, f"{folder}/nested.feather")
frame = pd.DataFrame(
    {"user": pd.Categorical(["a", "b", None, "a"]), "n": [1, 2, 3, 4], "when": pd.date_range("2024-01-01", periods=4)}
)
frame.to_feather(f"{folder}/pandas.feather")
