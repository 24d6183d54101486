"""Writes one table of vectors in every format, each by the library that people use for it."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from gensim.models import KeyedVectors
from safetensors.numpy import save_file

folder = Path(sys.argv[1])
random = np.random.default_rng(7)
rows, width = 500, 24
vectors = random.standard_normal((rows, width)).astype(np.float32)
vectors[3, 4] = 0.0
vectors[5] *= 1e-20
vectors[6] *= 1e20
keys = [f"word{i}" for i in range(rows - 4)] + ["über", "東京", "new_york", "."]
numbers = random.permutation(np.arange(10_000, 10_000 + rows)).astype(np.int64)
names = [f"v{i}" for i in range(width)]

vectors.astype("<f4").tofile(folder / "expected.bin")
(folder / "expected.json").write_text(json.dumps({"rows": rows, "width": width, "keys": keys, "numbers": numbers.tolist()}))

model = KeyedVectors(width)
model.add_vectors(keys, vectors)
model.save_word2vec_format(folder / "gensim.txt", binary=False)
model.save_word2vec_format(folder / "gensim.bin", binary=True)
model.save_word2vec_format(folder / "glove.txt", binary=False, write_header=False)
with open(folder / "fasttext.vec", "w", encoding="utf-8") as file:
    # fastText leaves a space at the end of each line.
    file.write(f"{rows} {width}\n")
    for key, row in zip(keys, vectors):
        file.write(f"{key} " + " ".join(str(x) for x in row) + " \n")
with open(folder / "original.bin", "wb") as file:
    # The original word2vec program ends each row with a line break.
    file.write(f"{rows} {width}\n".encode())
    for key, row in zip(keys, vectors):
        file.write(key.encode() + b" " + row.astype("<f4").tobytes() + b"\n")

frame = pd.DataFrame(vectors, columns=names)
frame.insert(0, "key", keys)
frame.to_csv(folder / "columns.csv", index=False)
frame.to_csv(folder / "columns.tsv", index=False, sep="\t")
frame.to_csv(folder / "semicolons.csv", index=False, sep=";")
frame.to_parquet(folder / "columns.parquet", index=False)
pd.DataFrame(vectors, index=numbers).to_csv(folder / "index.csv")
pd.DataFrame(vectors, columns=names, index=pd.Index(numbers, name="movieId")).to_parquet(folder / "index.parquet")
lists = pd.DataFrame({"movieId": numbers, "title": keys, "vector": [row.tolist() for row in vectors]})
lists.to_csv(folder / "list.csv", index=False)
lists["vector"] = [" ".join(map(repr, map(float, row))) for row in vectors]
lists.to_csv(folder / "spaces.csv", index=False)
table = pa.table({"key": keys, "vector": pa.array(list(vectors), pa.list_(pa.float32()))})
pq.write_table(table, folder / "list.parquet", row_group_size=64)
fixed = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), width)
pq.write_table(pa.table({"key": keys, "vector": fixed}), folder / "fixed.parquet", compression="zstd")
halves = pa.table({"key": numbers.astype(np.float64), "vector": pa.array(list(vectors.astype(np.float64)), pa.list_(pa.float64()))})
pq.write_table(halves, folder / "doubles.parquet")

np.savetxt(folder / "plain.txt", vectors, fmt="%.9g")
np.savetxt(folder / "plain.csv", vectors, fmt="%.9e", delimiter=",")
np.savez(folder / "keyed.npz", keys=np.array(keys), vectors=vectors)
np.savez_compressed(folder / "numbers.npz", movieId=numbers, vectors=vectors)
np.save(folder / "keys.npy", np.array(keys))
save_file({"vectors": vectors, "ids": numbers}, folder / "vectors.safetensors")

(folder / "keys.txt").write_text("\n".join(keys) + "\n", encoding="utf-8")
(folder / "keys.json").write_text(json.dumps(keys, ensure_ascii=False), encoding="utf-8")
np.savetxt(folder / "tensors.tsv", vectors, fmt="%.9g", delimiter="\t")
pd.DataFrame({"title": keys, "movieId": numbers}).to_csv(folder / "metadata.tsv", sep="\t", index=False)
pq.write_table(pa.table({"key": keys}), folder / "keys.parquet")

import tensorflow as tf  # noqa: E402 (after the quick formats: its import takes seconds)

other = tf.constant(vectors.astype(np.float16))
tf.raw_ops.SaveV2(
    prefix=str(folder / "checkpoint"),
    tensor_names=["emb/movieId", "emb/movieIdHalf", "step"],
    shape_and_slices=["", "", ""],
    tensors=[tf.constant(vectors), other, tf.constant(7, tf.int64)],
)
module = tf.Module()
module.table = tf.Variable(vectors, name="table")
module.bias = tf.Variable(np.zeros(3, np.float32))
tf.saved_model.save(module, str(folder / "saved_model"))
