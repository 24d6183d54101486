"""Encodes raw rows for the model in this folder, by what its training part taught. predict.py uses it; needs pyarrow.

`encoding/encoding.json` says what each column is and how it became numbers: vocabularies (`vocabularies/<domain>.parquet`:
index, value, count; 0 is unknown), statistics, means and counts of categories (`derived/`), joined tables (`joined/`), and ids
that only the embedding tables know (`beyond/`).

    columns, rows = read_table(path, encoding)          # as in the file: CSV, TSV, JSON lines or Parquet
    encoded = Encoder(folder).encode(columns, is_text)  # as the model takes them
"""

import hashlib
import json
import re
import sys
import unicodedata

import numpy as np

from raw_values import as_type, number, read_table, text, trim

__all__ = ["Encoder", "read_table"]


def read_parquet(path):
    """A Parquet file's columns by name, as lists."""
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path).to_pydict()


class Rows:
    """Raw columns by name, each read, joined or computed when it is first asked for."""

    def __init__(self, folder, spec, given, is_text):
        self.folder, self.spec, self.given, self.is_text = folder, spec, given, is_text
        self.types = {column["name"]: column for column in spec["raw"]}
        self.derived = {of["name"]: of for of in spec["derived"]}
        self.learnt = {of["name"]: of for of in spec["learnt"]}
        joined = {own: (join, name) for join in spec["joins"] for name, own in join["columns"].items()}
        # Where the rows bring all joined columns themselves, theirs are taken.
        self.joined = {} if all(own in given for own in joined) else joined
        self.made = {}
        self.tables = {}
        self.count = len(next(iter(given.values()), []))

    def __getitem__(self, name):
        if name not in self.made:
            self.made[name] = self.make(name)
        return self.made[name]

    def type_of(self, name):
        if name in self.types:
            return self.types[name]["type"]
        return "DOUBLE" if self.derived[name]["kind"] == "targetEncoding" else "BIGINT"

    def make(self, name):
        if name in self.learnt:
            return self.look_up(self.learnt[name])
        if name in self.derived:
            of = self.derived[name]
            return [None if x is None else int(float(x) > of["above"]) for x in self[of["column"]]]
        if name in self.joined:
            return self.join(*self.joined[name])
        if name not in self.given:
            sys.exit(f"The rows lack the column {name}. It may be empty where its values are not known.")
        return self.read(name)

    def read(self, name):
        """A column of the rows with the type that it had in training; what does not fit is missing."""
        column, given = self.types[name], self.given[name]
        values = [as_type(value, column, self.is_text) for value in given]
        missing = [value is None or (self.is_text and value in column["missing"]) for value in given]
        wrong = [row for row, none in enumerate(missing) if not none and values[row] is None]
        if wrong:
            what = f"column {name} held values of type {column['type']} in training"
            example = str(given[wrong[0]])[:60]
            if len(wrong) == len(values) - sum(missing):
                sys.exit(f"{what}; none of its values here is one, such as {example!r}.")
            print(f"{what}; {len(wrong)} here are none, such as {example!r}, and count as missing.", file=sys.stderr)
        return values

    def join(self, join, name):
        """A column of a joined table, by the rows' key."""
        if join["file"] not in self.tables:
            table = read_parquet(self.folder / join["file"])
            places = {text(key): row for row, key in enumerate(table[join["key"]]) if key is not None}
            self.tables[join["file"]] = table, [places.get(text(key)) for key in self[join["on"]]]
        table, places = self.tables[join["file"]]
        values = table[name]
        return [None if place is None else values[place] for place in places]

    def look_up(self, of):
        """A mean or count of each row's category; one that training did not have gets what stands for all."""
        table = read_parquet(self.folder / of["file"])
        keys = zip(*(table[f"key_{place + 1}"] for place in range(len(of["columns"]))))
        values = dict(zip(keys, table["value"]))
        return [values.get(key, of["unseen"]) for key in zip(*(self[name] for name in of["columns"]))]


class Vocabulary:
    """The ids of a domain's values."""

    def __init__(self, folder, fitted, beyond):
        self.null, self.hashed = fitted["nullId"], fitted["hashed"]
        self.buckets = fitted["size"] - (1 if self.null > 0 else 0)
        self.ids, self.beyond, self.alike, self.rules = {}, {}, {}, []
        if not self.hashed:
            table = read_parquet(folder / fitted["file"])
            self.ids = dict(zip(table["value"], table["index"]))
        if beyond and not self.hashed:
            table = read_parquet(folder / beyond["file"])
            self.rules = beyond["rules"]
            for key, row in zip(table["value"], table["index"]):
                self.beyond.setdefault(key, row)
                self.alike.setdefault(canonical(key, self.rules), row)

    def __call__(self, value):
        if value is None:
            return self.null
        if self.hashed:
            return int.from_bytes(hashlib.md5(value.encode()).digest()[8:], "little") % self.buckets + 1
        found = self.ids.get(value)
        if found is not None or not self.beyond:
            return found or 0
        # Whole numbers of a floating-point column are written 42.0; in files of vectors they are 42.
        plain = re.sub(r"^(-?[0-9]+)\.0$", r"\1", value)
        for keys, form in [(self.beyond, str), (self.alike, lambda key: canonical(key, self.rules))]:
            for key in (form(value), form(plain)):
                if key in keys:
                    return keys[key]
        return 0


def canonical(key, rules):
    """Makes equal what the rules of the attached vectors make equal."""
    if "trim" in rules:
        key = re.sub(r"\s+", " ", key.strip())
    if "prefix" in rules:
        key = re.sub(r"^.*(?:[^\w.+-]|_)|^[^\W\d_]+(?=[0-9]+$)", "", key, count=1)
    if "case" in rules:
        key = unicodedata.normalize("NFKC", key).lower()
    if "number" in rules and re.fullmatch(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", key):
        whole = re.fullmatch(r"\s*\+?0*([0-9]+)(\.0*)?\s*", key)
        value = float(key)
        key = whole[1] if whole else str(int(value)) if value.is_integer() else repr(value)
    return key


class Encoder:
    """Turns raw columns into the columns that the model takes."""

    def __init__(self, folder):
        self.folder = folder
        self.spec = json.loads((folder / "encoding.json").read_text(encoding="utf-8"))
        self.vocabularies = {
            fitted["column"]: Vocabulary(folder, fitted, self.spec["beyond"].get(fitted["column"]))
            for fitted in self.spec["columns"]
            if fitted["kind"] in ("categorical", "items")
        }

    def encode(self, given, is_text):
        """
        The model's columns by name, as lists.

        given: the rows' columns by name, as lists; is_text: whether they came as text, as in CSV
        """
        rows = Rows(self.folder, self.spec, given, is_text)
        encoded = {}
        for fitted in self.spec["columns"]:
            encoded.update(getattr(self, fitted["kind"])(fitted, rows))
        for ids, weights in self.spec["weights"].items():
            for row, (items, numbers) in enumerate(zip(encoded[ids], encoded[weights])):
                if len(items) != len(numbers):
                    sys.exit(f"Row {row + 1}: {weights} holds {len(numbers)} weights for the {len(items)} items of {ids}.")
        return encoded

    def unknown(self, encoded):
        """Columns with values that training did not know, and the share of the rows that have one."""
        for name in self.vocabularies:
            rows = encoded[name]
            count = sum(0 in row if isinstance(row, list) else row == 0 for row in rows)
            if count:
                yield name, count / len(rows)

    def categorical(self, fitted, rows):
        name = fitted["column"]
        vocabulary = self.vocabularies[name]
        return {name: [vocabulary(text(value)) for value in rows[name]]}

    def items(self, fitted, rows):
        name = fitted["column"]
        vocabulary = self.vocabularies[name]
        lists = (items_of(value, fitted["separator"]) for value in rows[name])
        return {name: [[vocabulary(item) for item in row if item != ""] for row in lists]}

    def list(self, fitted, rows):
        """A column of 0 and 1 for each of the frequent items."""
        name = fitted["column"]
        lists = [
            {item.lower() for item in items_of(value, fitted["separator"]) if item is not None} for value in rows[name]
        ]
        return {f"{name}={item}": [float(item.lower() in row) for row in lists] for item in fitted["items"]}

    def numbers(self, fitted, rows):
        name = fitted["column"]
        lists = (numbers_of(value, fitted["separator"]) or [] for value in rows[name])
        return {name: [[x or 0.0 for x in row] for row in lists]}

    def vector(self, fitted, rows):
        name, width = fitted["column"], fitted["width"]
        lists = [numbers_of(value, fitted["separator"]) for value in rows[name]]
        zeros = [0.0] * width
        return {name: [row if row and len(row) == width and None not in row else zeros for row in lists]}

    def continuous(self, fitted, rows):
        """(x − shift) / scale, of the logarithm where there is one; the share of quantiles below; missing values filled."""
        name, transform = fitted["column"], fitted["transform"]
        values = [number(value) for value in rows[name]]
        if transform == "log1p":
            values = [x if x is not None and x > -1 else None for x in values]
        missing = [x is None for x in values]
        x = np.array([fitted["fill"] if x is None else x for x in values], np.float64)
        edges = fitted["edges"]
        if transform == "quantile":
            x = np.searchsorted(edges, x, "left") / len(edges) if edges else np.zeros(len(x))
        elif transform != "none":
            x = ((np.log(1 + x) if transform == "log1p" else x) - fitted["shift"]) / fitted["scale"]
        made = {name: x.tolist()}
        if fitted["indicator"]:
            made[f"{name}_missing"] = [float(none) for none in missing]
        return made


def items_of(value, separator):
    """The items of a list, or of a text that is one, trimmed; none of a missing one."""
    if value is None:
        return []
    return [trim(text(item)) for item in (value if separator is None else value.split(separator))]


def numbers_of(value, separator):
    """The numbers of a list, or of a text that may stand in brackets; None for what is no finite number."""
    if value is None:
        return None
    items = value if separator is None else value.strip("[]() ").split(separator)
    found = [number(trim(text(item))) for item in items]
    # As float32 holds them: what is too large for it is no number.
    return [x if x is not None and abs(x) <= 3.4028235677973366e38 else None for x in found]
