"""Values of raw tables as Graft reads them: files, types, and how values are written as text. raw_rows.py uses it."""

import csv
import gzip
import json
import math
import re
import sys
import unicodedata
from datetime import date, datetime, time, timedelta, timezone

DELIMITERS = [",", "\t", ";", "|", "::", " "]
NUMBER = re.compile(r"[+-]?([0-9](_?[0-9])*\.?([0-9](_?[0-9])*)?|\.[0-9](_?[0-9])*)([eE][+-]?[0-9]+)?")
TRUTH = {**dict.fromkeys(["true", "t", "yes", "y", "1"], True), **dict.fromkeys(["false", "f", "no", "n", "0"], False)}
INSTANT = re.compile(
    r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})"
    # A zone is not looked at, as it is not in an import of text.
    r"(?:[ T]([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]+))?)?(?: ?UTC|Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
)


def text(value):
    """A value as DuckDB writes it: what vocabularies hold."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime):
        fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
        return value.strftime("%Y-%m-%d %H:%M:%S") + fraction
    return str(value)


def trim(value):
    """A text without the spaces around it."""
    if value is None:
        return None
    first, last = 0, len(value)
    while first < last and unicodedata.category(value[first]) == "Zs":
        first += 1
    while last > first and unicodedata.category(value[last - 1]) == "Zs":
        last -= 1
    return value[first:last]


def number(value):
    """A value as a finite number, a time in seconds since 1970; None where it is none."""
    if isinstance(value, datetime):
        return (value - datetime(1970, 1, 1)) / timedelta(seconds=1)
    if isinstance(value, str):
        stripped = value.strip()
        if not NUMBER.fullmatch(stripped):
            return None
        value = stripped
    if value is None:
        return None
    found = float(value)
    return found if math.isfinite(found) else None


def whole(value):
    """A value as an integer of 64 bits; None for a fraction, which is another id."""
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]+", value.strip()):
        found = int(value)
    elif isinstance(value, int):
        found = int(value)
    else:
        parsed = number(value)
        if parsed is None or not parsed.is_integer():
            return None
        found = int(parsed)
    return found if -(2**63) <= found < 2**63 else None


def truth(value):
    if isinstance(value, str):
        return TRUTH.get(value.lower())
    return None if value is None else value != 0


def instant(value):
    """A value as a time without a zone, those with one in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, date):
        return datetime.combine(value, time())
    parts = INSTANT.fullmatch(value) if isinstance(value, str) else None
    if not parts:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in parts.groups()[:6])
    try:
        return datetime(year, month, day, hour, minute, second, int((parts[7] or "")[:6].ljust(6, "0")))
    except ValueError:
        return None


def fraction(value):
    """A value as a double, which may be infinite or no number."""
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?(inf|infinity|nan)\s*", value, re.IGNORECASE):
        return float(value)
    return number(value) if isinstance(value, (str, datetime)) or value is None else float(value)


CASTS = {"VARCHAR": text, "BIGINT": whole, "DOUBLE": fraction, "BOOLEAN": truth, "TIMESTAMP": instant}


def as_type(value, column, is_text):
    """A value of new rows with the type that its column had in training; None where it is missing or does not fit."""
    if value is None or (is_text and value in column["missing"]):
        return None
    cast = CASTS[column["type"]]
    if not column["isList"]:
        return cast(value)
    if isinstance(value, str):
        value = [item.strip(" '\"") for item in value.strip("[] ").split(",")] if value.strip("[] ") else []
    return [cast(item) for item in value]


def read_table(path, encoding):
    """
    A table's columns by name, as lists, and whether they came as text: CSV and the like (gzip or not), JSON lines
    (.json, .jsonl, .ndjson), or Parquet.

    encoding: what encoding.json says
    """
    with open(path, "rb") as file:
        head = file.read(4)
    if head == b"PAR1":
        import pyarrow.parquet

        return pyarrow.parquet.read_table(path).to_pydict(), False
    if head == b"\x28\xb5\x2f\xfd":
        sys.exit(f"{path} is compressed with zstd: unpack it, or compress it with gzip.")
    opened = gzip.open if head[:2] == b"\x1f\x8b" else open
    charset = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    with opened(path, "rt", encoding=charset, newline="") as file:
        if re.search(r"\.(json|jsonl|ndjson)(\.gz)?$", path.name, re.IGNORECASE):
            return read_json(file.read()), False
        return read_delimited(file.read(), path, encoding), True


def read_json(content):
    """JSON lines, or one JSON array of objects."""
    if content.lstrip().startswith("["):
        records = json.loads(content)
    else:
        records = [json.loads(line) for line in content.splitlines() if line.strip()]
    names = dict.fromkeys(name for record in records for name in record)
    return {name: [record.get(name) for record in records] for name in names}


def records_of(content, delimiter, quote):
    if len(delimiter) == 1:
        return csv.reader(content.splitlines(keepends=True), delimiter=delimiter, quotechar=quote)
    return (line.split(delimiter) for line in content.splitlines() if line)


def read_delimited(content, path, encoding):
    csv.field_size_limit(64 << 20)
    options = encoding["options"]
    quote = options["quote"] or '"'
    expected = {column["name"].lower() for column in encoding["raw"]}
    first_line = next((line for line in content.splitlines() if line.strip()), None)
    if first_line is None:
        sys.exit(f"{path} has no rows.")

    def header(delimiter):
        return [name.strip() for name in next(iter(records_of(first_line, delimiter, quote)), [])]

    def known(delimiter):
        cells = header(delimiter)
        return sum(name.lower() in expected for name in cells), len(cells)

    delimiter = options["delimiter"] or max(DELIMITERS, key=known)
    first = header(delimiter)
    has_header = options["header"]
    if has_header is None:
        # As Graft tells: no name of a column is a number or a date.
        has_header = not any(number(cell) is not None or re.match(r"\d{4}-\d{2}-\d{2}", cell) for cell in first)
    names = []
    for place, name in enumerate(first if has_header else [""] * len(first)):
        base = unique = name or f"column_{place + 1}"
        suffix = 2
        while unique.lower() in (taken.lower() for taken in names):
            unique, suffix = f"{base}_{suffix}", suffix + 1
        names.append(unique)
    rows = [row for row in records_of(content, delimiter, quote) if row and row != [""]]
    rows = rows[1:] if has_header else rows
    for line, row in enumerate(rows, 2 if has_header else 1):
        if len(row) != len(names):
            sys.exit(f"{path}, record {line}: {len(row)} cells where the header has {len(names)}.")
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}
