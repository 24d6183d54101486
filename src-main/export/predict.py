"""Predicts rows with the model in this folder. Needs Python 3.9 or later and TensorFlow 2.

    python predict.py                      the rows of example.csv, held against what Graft predicted for them
    python predict.py ROWS                 a table: CSV, or Parquet where pyarrow is installed
    python predict.py ROWS --out FILE      the same, written as CSV: the table's columns and `prediction`
    python predict.py ROWS --encoded       rows whose ids are encoded, where the folder takes raw ones

Where there is a folder `encoding`, ROWS are raw, as they were imported (CSV, TSV, JSON lines or Parquet); what training did not
know is unknown. That needs pyarrow, which the vocabularies are read with. Otherwise, and in example.csv, rows are encoded: they
have the model's columns.

Of encoded ids real values start at 1, and 0 (or an empty cell) is unknown. schema.pbtxt has each column's largest id.
Lists of ids and vectors are lists (Parquet) or JSON such as [3, 7] (CSV); an empty cell is an empty list. The model takes a
list column as two tensors, as Merlin does: <column>__values, the items of all rows end to end, and <column>__offsets, where
each row begins and the last one ends.
"""

import argparse
import csv
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

HERE = pathlib.Path(__file__).resolve().parent
OUTPUT = "prediction"
BATCH = 8192


def load_model():
    """The model's predicting function, and type and shape of each of its inputs by name."""
    model = tf.saved_model.load(str(HERE))
    predict = model.signatures["predict"]
    inputs = predict.structured_input_signature[1]
    # The function lives only as long as the model that it belongs to.
    return model, predict, inputs


def read_rows(path):
    """A table's columns by name, as lists."""
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_table(path).to_pydict()
    with open(path, newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        return {name: [row[name] for row in rows] for name in reader.fieldnames or []}


def column_tensor(name, values, dtype):
    """One column as the model takes it. An empty id is unknown; an empty number is an error."""
    empty = [value is None or value == "" for value in values]
    if dtype.is_integer:
        return tf.constant([0 if none else int(value) for none, value in zip(empty, values)], dtype)
    if any(empty):
        sys.exit(f"Column {name} has no number in row {empty.index(True) + 1}.")
    return tf.constant([float(value) for value in values], dtype)


def as_list(value):
    """A cell that holds a list: of Parquet as it is, of CSV as JSON."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    return json.loads(value) if isinstance(value, str) else list(value)


def list_tensors(name, values, dtype):
    """A list column as the two tensors that the model takes."""
    lists = [as_list(value) for value in values]
    items = [0 if item is None else item for row in lists for item in row]
    offsets = np.cumsum([0, *(len(row) for row in lists)])
    return {
        f"{name}__values": tf.constant(np.array(items, dtype.as_numpy_dtype), dtype),
        f"{name}__offsets": tf.constant(offsets, tf.int64),
    }


def vector_tensor(name, values, spec):
    """A column of vectors: [rows, width]."""
    width = spec.shape[1]
    vectors = [as_list(value) for value in values]
    for row, vector in enumerate(vectors, 1):
        if len(vector) != width:
            sys.exit(f"Column {name} has {len(vector)} numbers in row {row}; the model takes {width}.")
    return tf.constant(np.array(vectors, np.float32).reshape(-1, width), spec.dtype)


def is_list(name, inputs):
    """Whether an input is the items of a list column."""
    return name.endswith("__values") and f"{name[:-8]}__offsets" in inputs


def column_names(inputs):
    """The columns of a table that the model needs, and whether each holds lists."""
    lists = {name[:-8] for name in inputs if is_list(name, inputs)}
    plain = [name for name in inputs if not any(name in (f"{of}__values", f"{of}__offsets") for of in lists)]
    return plain, sorted(lists)


def batch_tensors(inputs, columns, rows):
    """Some rows of a table as the model takes them."""
    plain, lists = column_names(inputs)
    tensors = {}
    for name in plain:
        spec = inputs[name]
        make = vector_tensor if len(spec.shape) == 2 else column_tensor
        tensors[name] = make(name, columns[name][rows], spec if len(spec.shape) == 2 else spec.dtype)
    for name in lists:
        tensors.update(list_tensors(name, columns[name][rows], inputs[f"{name}__values"].dtype))
    return tensors


def predict_rows(predict, inputs, columns):
    """The probability of class 1 for each row."""
    plain, lists = column_names(inputs)
    missing = [name for name in [*plain, *lists] if name not in columns]
    if missing:
        sys.exit(f"The rows lack the columns {', '.join(missing)}.")
    count = len(columns[[*plain, *lists][0]])
    parts = []
    for start in range(0, count, BATCH):
        tensors = batch_tensors(inputs, columns, slice(start, start + BATCH))
        parts.append(predict(**tensors)[OUTPUT].numpy())
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def read_raw(path):
    """Raw rows as they came, and as the model takes them."""
    import raw_rows

    encoder = raw_rows.Encoder(HERE / "encoding")
    columns, is_text = raw_rows.read_table(path, encoder.spec)
    encoded = encoder.encode(columns, is_text)
    for name, share in encoder.unknown(encoded):
        print(f"{name}: {share:.1%} of the rows are unknown to the model", file=sys.stderr)
    return columns, encoded


def write_rows(file, columns, predictions, output):
    names = [name for name in columns if name != output]
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*names, output])
    for row, prediction in enumerate(predictions):
        writer.writerow([*(columns[name][row] for name in names), float(prediction)])


def main():
    parser = argparse.ArgumentParser(description="Predicts rows with the model in this folder.")
    parser.add_argument("rows", nargs="?", type=pathlib.Path, help="a table; example.csv when left out")
    parser.add_argument("--out", type=pathlib.Path, help="CSV file to write; standard output when left out")
    parser.add_argument("--encoded", action="store_true", help="the rows are encoded, though the folder takes raw ones")
    arguments = parser.parse_args()

    _model, predict, inputs = load_model()
    output = OUTPUT
    if arguments.rows and not arguments.encoded and (HERE / "encoding").exists():
        columns, encoded = read_raw(arguments.rows)
        # A column of the rows keeps its name.
        suffix = 2
        while output.lower() in map(str.lower, columns):
            output, suffix = f"{OUTPUT}_{suffix}", suffix + 1
    else:
        columns = encoded = read_rows(arguments.rows or HERE / "example.csv")
    predictions = predict_rows(predict, inputs, encoded)
    if arguments.out:
        with open(arguments.out, "w", newline="", encoding="utf-8") as file:
            write_rows(file, columns, predictions, output)
    else:
        write_rows(sys.stdout, columns, predictions, output)
    if not arguments.rows:
        expected = np.array([float(value) for value in columns[OUTPUT]])
        difference = np.abs(predictions - expected).max(initial=0.0)
        print(f"Largest difference from Graft's predictions: {difference:.3g}", file=sys.stderr)
        if not difference <= 1e-4:
            sys.exit("The model does not predict what it did in Graft.")


if __name__ == "__main__":
    main()
