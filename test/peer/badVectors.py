"""Writes small tables of vectors with one defect each, in every format, each by the library that people use for it."""

import json
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import tensorflow as tf
from gensim.models import KeyedVectors
from safetensors.numpy import save_file

folder = Path(sys.argv[1])
width = 4
titles = ["Alien", "Heat", "Brazil", "Ran", "Solaris", "Stalker", "Playtime", "Vertigo"]
good = np.arange(len(titles) * width, dtype=np.float32).reshape(-1, width) / 8 - 1


def strings(vectors):
    return [[repr(float(x)) for x in row] for row in vectors]


def write_text(path, keys, vectors, separator=" ", header=None):
    lines = [header] if header else []
    lines += [separator.join([key, *row]) for key, row in zip(keys, strings(vectors))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def npy(to, keys, vectors):
    np.save(to / "table.npy", vectors)


def npz(to, keys, vectors):
    np.savez_compressed(to / "table.npz", keys=np.array(keys), vectors=vectors)


def separated(name, separator):
    def write(to, keys, vectors):
        frame = pd.DataFrame(vectors, columns=[f"v{i}" for i in range(vectors.shape[1])])
        frame.insert(0, "key", keys)
        frame.to_csv(to / name, index=False, sep=separator, na_rep="nan")

    return write


def csv_lists(to, keys, vectors):
    cells = [json.dumps([float(x) for x in row]) for row in vectors]
    pd.DataFrame({"key": keys, "vector": cells}).to_csv(to / "list.csv", index=False)


def lists(keys, vectors):
    return pa.table({"key": keys, "vector": pa.array([[float(x) for x in row] for row in vectors], pa.list_(pa.float32()))})


def parquet(to, keys, vectors):
    pq.write_table(lists(keys, vectors), to / "table.parquet")


def arrow(to, keys, vectors):
    feather.write_feather(lists(keys, vectors), to / "table.feather", compression="lz4")


def arrow_stream(to, keys, vectors):
    table = lists(keys, vectors)
    with pa.OSFile(str(to / "table.arrows"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def word2vec(name, binary):
    def write(to, keys, vectors):
        model = KeyedVectors(vectors.shape[1])
        # gensim itself keeps one row a key.
        model.add_vectors(list(dict.fromkeys(keys)), vectors[: len(set(keys))])
        model.save_word2vec_format(to / name, binary=binary)

    return write


def word2vec_text(to, keys, vectors):
    write_text(to / "table.w2v", keys, vectors, header=f"{len(keys)} {len(vectors[0])}")


def glove(to, keys, vectors):
    write_text(to / "table.txt", keys, vectors)


def fasttext(to, keys, vectors):
    lines = [f"{len(keys)} {len(vectors[0])}"] + [" ".join([key, *row]) + " " for key, row in zip(keys, strings(vectors))]
    (to / "table.vec").write_text("\n".join(lines) + "\n", encoding="utf-8")


def safetensors(to, keys, vectors):
    save_file({"vectors": np.ascontiguousarray(vectors)}, to / "table.safetensors", {"keys": json.dumps(keys)})


def hdf5(to, keys, vectors):
    with h5py.File(to / "table.h5", "w") as file:
        file["keys"] = keys
        file.create_dataset("vectors", data=vectors, chunks=(3, vectors.shape[1]), compression="gzip")


def checkpoint(to, keys, vectors):
    tf.raw_ops.SaveV2(
        prefix=str(to / "table"), tensor_names=["emb"], shape_and_slices=[""], tensors=[tf.constant(vectors)]
    )


def saved_model(to, keys, vectors):
    module = tf.Module()
    module.table = tf.Variable(vectors, name="table")
    tf.saved_model.save(module, str(to / "model"))


def projector(to, keys, vectors):
    (to / "tensors.tsv").write_text("\n".join("\t".join(row) for row in strings(vectors)) + "\n")
    (to / "metadata.tsv").write_text("\n".join(keys) + "\n", encoding="utf-8")


formats = {
    "npy": (npy, "table.npy"),
    "npz": (npz, "table.npz"),
    "csv": (separated("table.csv", ","), "table.csv"),
    "csv-list": (csv_lists, "list.csv"),
    "tsv": (separated("table.tsv", "\t"), "table.tsv"),
    "parquet": (parquet, "table.parquet"),
    "feather": (arrow, "table.feather"),
    "arrow-stream": (arrow_stream, "table.arrows"),
    "word2vec": (word2vec_text, "table.w2v"),
    "word2vec-binary": (word2vec("table.bin", True), "table.bin"),
    "glove": (glove, "table.txt"),
    "fasttext": (fasttext, "table.vec"),
    "safetensors": (safetensors, "table.safetensors"),
    "hdf5": (hdf5, "table.h5"),
    "checkpoint": (checkpoint, "table.index"),
    "saved-model": (saved_model, "model/variables/variables.index"),
    "projector": (projector, "tensors.tsv"),
}

bad = good.copy()
bad[1, 2] = np.nan
bad[4, 0] = np.inf
cases = {
    "good": (titles, good),
    "not-finite": (titles, bad),
    "overflowing": (titles, np.where(good == good[2, 1], 1e300, good.astype(np.float64))),
    "strangers": ([f"nobody{i}" for i in range(len(titles))], good),
    "numbers": ([str(100 + i) for i in range(len(titles))], good),
    "repeated": ([*titles[:4], *titles[:4]], good),
    "narrow": (titles, np.ascontiguousarray(good[:, :3])),
    "short": (titles[:5], good[:5]),
}
for name, (keys, vectors) in cases.items():
    for format, (write, _) in formats.items():
        to = folder / name / format
        to.mkdir(parents=True)
        write(to, keys, vectors)

# Rows of different lengths, where a format can say such a thing.
ragged = [row[:3] if i == 5 else row for i, row in enumerate(good.tolist())]
for format in ["csv-list", "parquet", "feather", "arrow-stream", "word2vec", "glove", "fasttext", "projector"]:
    to = folder / "ragged" / format
    to.mkdir(parents=True)
    formats[format][0](to, titles, ragged)
for format, separator in [("csv", ","), ("tsv", "\t")]:
    to = folder / "ragged" / format
    to.mkdir(parents=True)
    write_text(to / formats[format][1], titles, ragged, separator, separator.join(["key", "a", "b", "c", "d"]))

# What is no table of numbers.
words = [["a", "b", "c", "d"]] * len(titles)
none = folder / "words"
for format in ["npy", "npz", "csv", "tsv", "parquet", "feather", "arrow-stream", "hdf5", "checkpoint", "glove", "word2vec"]:
    (none / format).mkdir(parents=True)
np.save(none / "npy" / "table.npy", np.array(words, dtype=object), allow_pickle=True)
np.savez(none / "npz" / "table.npz", keys=np.array(titles), vectors=np.array(words))
texts = pa.table({"key": titles, "vector": words})
pq.write_table(texts, none / "parquet" / "table.parquet")
feather.write_feather(texts, none / "feather" / "table.feather", compression="uncompressed")
with pa.OSFile(str(none / "arrow-stream" / "table.arrows"), "wb") as sink, pa.ipc.new_stream(sink, texts.schema) as writer:
    writer.write_table(texts)
with h5py.File(none / "hdf5" / "table.h5", "w") as file:
    file["vectors"] = np.array(words, dtype="S1")
tf.raw_ops.SaveV2(
    prefix=str(none / "checkpoint" / "table"), tensor_names=["emb"], shape_and_slices=[""], tensors=[tf.constant(words)]
)
for format, separator in [("csv", ","), ("tsv", "\t"), ("glove", " ")]:
    lines = [separator.join([key, *row]) for key, row in zip(titles, words)]
    (none / format / formats[format][1]).write_text("\n".join(lines) + "\n")
(none / "word2vec" / "table.w2v").write_text(
    "\n".join([f"{len(titles)} 4"] + [" ".join([key, *row]) for key, row in zip(titles, words)]) + "\n"
)

# One axis, three axes, no rows: where a format can say such a thing.
shapes = {"one-axis": good.ravel(), "three-axes": good.reshape(2, 4, 4), "no-rows": good[:0]}
arrays = ["npy", "npz", "safetensors", "hdf5", "checkpoint", "saved-model"]
for name, vectors in shapes.items():
    for format in arrays:
        to = folder / name / format
        to.mkdir(parents=True)
        if format == "hdf5":
            with h5py.File(to / "table.h5", "w") as file:
                file["vectors"] = vectors
        elif format == "npz":
            np.savez(to / "table.npz", vectors=vectors)
        else:
            formats[format][0](to, [], vectors)
for format in ["csv", "tsv", "parquet", "feather", "arrow-stream"]:
    to = folder / "no-rows" / format
    to.mkdir(parents=True)
    formats[format][0](to, [], good[:0])

(folder / "formats.json").write_text(json.dumps({name: file for name, (_, file) in formats.items()}))
