"""Writes one table of vectors in every format, each by the library that people use for it."""

import json
import sys
from pathlib import Path

import h5py
import ml_dtypes
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
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

# numpy's types, orders and endians: small whole numbers, which every type holds exactly.
small = (np.arange(6 * 5).reshape(6, 5) % 7).astype(np.float32)
small.astype("<f4").tofile(folder / "small.bin")
npy = folder / "npy"
npy.mkdir()
for kind in ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]:
    for endian in "<>":
        for order in "CF":
            np.save(npy / f"{'little' if endian == '<' else 'big'}-{kind}-{order}.npy", np.asarray(small, dtype=endian + kind, order=order))
np.save(npy / "bfloat16.npy", small.astype(ml_dtypes.bfloat16))
np.save(npy / "bfloat16-F.npy", np.asfortranarray(small.astype(ml_dtypes.bfloat16)))

# The same numbers in every type that the other binary formats have for them.
types = folder / "types"
types.mkdir()
kinds = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
for kind in kinds:
    array = small.astype(kind)
    save_file({"vectors": array}, types / f"{kind}.safetensors")
    for endian in "<>":
        with h5py.File(types / f"{'little' if endian == '<' else 'big'}-{kind}.h5", "w") as file:
            file["vectors"] = array.astype(endian + kind)
    typed = pa.FixedSizeListArray.from_arrays(pa.array(array.ravel()), array.shape[1])
    wide = pa.table({f"v{i}": array[:, i] for i in range(array.shape[1])})
    for name, table in [("list", pa.table({"vector": typed})), ("columns", wide)]:
        pq.write_table(table, types / f"{name}-{kind}.parquet")
        feather.write_feather(table, types / f"{name}-{kind}.feather", compression="uncompressed")
save_file({"vectors": small.astype(ml_dtypes.bfloat16)}, types / "bf16.safetensors")

# HDF5: whole, in chunks, compressed, both ages of the format, keys as numbers and as text of either kind.
with h5py.File(folder / "whole.h5", "w") as file:
    file["vectors"] = vectors
    file["keys"] = keys
with h5py.File(folder / "chunks.h5", "w") as file:
    group = file.create_group("words")
    group.create_dataset("vectors", data=vectors, chunks=(37, 11), compression="gzip", shuffle=True, fletcher32=True)
    group.create_dataset("ids", data=numbers, chunks=(64,), compression="lzf")
    file.attrs["note"] = "attributes are passed over"
with h5py.File(folder / "latest.h5", "w", libver="latest") as file:
    file.create_dataset("vectors", data=vectors, chunks=(64, 24), compression="lzf", shuffle=True)
    file.create_dataset("keys", data=np.array([key.encode() for key in keys]))
with h5py.File(folder / "paged.h5", "w", libver="latest") as file:
    # More chunks than a page of the index has, some never written, so that they are zeros.
    table = file.create_dataset("vectors", (rows, width), "<f4", chunks=(1, 4))
    table[:] = vectors
    file["ids"] = numbers
with h5py.File(folder / "single.h5", "w", libver="latest", userblock_size=1024) as file:
    file.create_dataset("vectors", data=vectors, chunks=vectors.shape, compression="gzip")
    file.create_dataset("ids", data=numbers.astype(">i8"))
with h5py.File(folder / "doubles.h5", "w") as file:
    file.create_dataset("vectors", data=vectors.astype(">f8"), maxshape=(None, width), chunks=(100, width))
    file.create_dataset("keys", data=[key.encode() for key in keys], dtype=h5py.string_dtype("utf-8", 24))

# Arrow: lists of both kinds and many columns, compressed and not, file and stream, text in all its layouts.
many = pa.table({"key": keys, **{name: vectors[:, i] for i, name in enumerate(names)}})
batched = pa.Table.from_batches(pa.table({"key": keys, "vector": pa.array(list(vectors), pa.list_(pa.float32()))}).to_batches(max_chunksize=64))
feather.write_feather(batched, folder / "list-lz4.feather", compression="lz4")
feather.write_feather(batched, folder / "list.feather", compression="uncompressed")
feather.write_feather(batched, folder / "list-zstd.feather", compression="zstd")
feather.write_feather(many, folder / "columns.feather", compression="lz4")
pd.DataFrame({"movieId": numbers, "vector": [row for row in vectors]}).to_feather(folder / "pandas.feather")
with pa.OSFile(str(folder / "fixed.arrow"), "wb") as sink:
    table = pa.table({"note": pa.array(["x"] * rows, pa.string_view()), "vector": fixed, "movieId": numbers})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=100)
with pa.OSFile(str(folder / "stream.arrows"), "wb") as sink:
    table = pa.table({"key": pa.array(keys, pa.string_view()), "vector": pa.array(list(vectors), pa.large_list(pa.float32()))})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=123)
with pa.OSFile(str(folder / "dictionary.arrow"), "wb") as sink:
    table = pa.table({"key": pa.array(keys).dictionary_encode(), "vector": fixed})
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table)

# The Embedding Projector: one column of metadata has no name, several have.
np.savetxt(folder / "words_tensors.tsv", vectors, fmt="%.9g", delimiter="\t")
(folder / "words_metadata.tsv").write_text("\n".join(keys) + "\n", encoding="utf-8")

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
kinds += ["bfloat16"]
tf.raw_ops.SaveV2(
    prefix=str(types / "checkpoint"),
    tensor_names=kinds,
    shape_and_slices=[""] * len(kinds),
    tensors=[tf.constant(small.astype(kind if kind != "bfloat16" else ml_dtypes.bfloat16)) for kind in kinds],
)
module = tf.Module()
module.table = tf.Variable(vectors, name="table")
module.bias = tf.Variable(np.zeros(3, np.float32))
tf.saved_model.save(module, str(folder / "saved_model"))
