"""Reads tables that were exported in every format, each by the library that people use for it."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from gensim.models import KeyedVectors
from safetensors import safe_open

folder = Path(sys.argv[1])
facts = json.loads((folder / "expected.json").read_text())
rows, width = facts["rows"], facts["width"]
expected = np.fromfile(folder / "expected.bin", "<f4").reshape(rows, width)


def check(name, keys, vectors):
    assert list(keys) == facts[name], f"{name}: other keys"
    assert vectors.shape == expected.shape, f"{name}: {vectors.shape}"
    assert np.array_equal(np.asarray(vectors, np.float32), expected), f"{name}: other numbers"


for name in ["texts", "numbers"]:
    check(name, map(type(facts[name][0]), json.loads((folder / f"{name}.keys.json").read_text())), np.load(folder / f"{name}.npy"))
    archive = np.load(folder / f"{name}.npz")
    assert archive["keys"].dtype.kind == ("U" if name == "texts" else "i")
    check(name, archive["keys"].tolist(), archive["vectors"])
    frame = pd.read_parquet(folder / f"{name}.parquet")
    check(name, frame["key"].tolist(), np.stack(frame["vector"].to_list()))
    assert pq.ParquetFile(folder / f"{name}.parquet").metadata.num_rows == rows
    with safe_open(folder / f"{name}.safetensors", "np") as file:
        keys = json.loads(file.metadata()["keys"]) if name == "texts" else file.get_tensor("keys").tolist()
        check(name, keys, file.get_tensor("vectors"))
    words = KeyedVectors.load_word2vec_format(str(folder / f"{name}.vec"), binary=False)
    check(name, map(type(facts[name][0]), words.index_to_key), words.vectors)
    tensors = np.loadtxt(folder / f"{name}_tensors.tsv", delimiter="\t", dtype=np.float32)
    metadata = (folder / f"{name}_metadata.tsv").read_text(encoding="utf-8").splitlines()
    check(name, map(type(facts[name][0]), metadata), tensors)
print("same")
