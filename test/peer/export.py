"""Loads an exported folder as others would and tells what it found, as JSON.

    python export.py FOLDER ROWS.json      ROWS.json: a run's replay, {columns: {name: [...]}, predictions: [...]}
"""

import json
import pathlib
import sys

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

folder = pathlib.Path(sys.argv[1])
replay = json.loads(pathlib.Path(sys.argv[2]).read_text())

model = tf.saved_model.load(str(folder))
differences = {}
types = {}
for name, signature in model.signatures.items():
    inputs = signature.structured_input_signature[1]
    types[name] = {column: spec.dtype.name for column, spec in inputs.items()}
    rows = {column: tf.constant(replay["columns"][column], spec.dtype) for column, spec in inputs.items()}
    outputs = signature(**rows)
    assert list(outputs) == ["prediction"], list(outputs)
    prediction = outputs["prediction"].numpy()
    assert prediction.shape == (len(replay["predictions"]),), prediction.shape
    differences[name] = float(np.abs(prediction - np.array(replay["predictions"], np.float32)).max())
    # A batch of any size, one row too.
    one = signature(**{column: values[:1] for column, values in rows.items()})["prediction"].numpy()
    assert abs(one[0] - prediction[0]) < 1e-6

variables = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
tables = {}
for table in json.loads((folder / "training.json").read_text())["tables"]:
    vectors = np.load(folder / table["file"], allow_pickle=False)
    equal = [
        name
        for name, shape in variables.get_variable_to_shape_map().items()
        if tuple(shape) == vectors.shape and np.array_equal(variables.get_tensor(name), vectors)
    ]
    tables[table["table"]] = {
        "shape": list(vectors.shape),
        "dtype": vectors.dtype.name,
        "isInModel": len(equal) == 1,
    }

schema = text_format.Parse((folder / "schema.pbtxt").read_text(), schema_pb2.Schema())

print(
    json.dumps(
        {
            "types": types,
            "differences": differences,
            "variables": len(model.variables),
            "tables": tables,
            "schema": [feature.name for feature in schema.feature],
        }
    )
)
