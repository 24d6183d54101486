"""Google's own reading of schema files: one JSON document a file, Structs unpacked, fields sorted.

Standard input: a JSON list of {"format": "json" | "pbtxt", "text": ...}.
Standard output: a JSON list of {"dump": ..., "prints": [...]}, the prints being the message in text format, variously spelt.
"""

import json
import sys

from google.protobuf import descriptor_pool, json_format, struct_pb2, text_format
from tensorflow_metadata.proto.v0 import schema_pb2

STRUCT = "type.googleapis.com/google.protobuf.Struct"


def wrap(value):
    """Merlin writes a Struct in an Any as the bare object; protobuf's JSON wants it wrapped."""
    if isinstance(value, dict):
        value = {key: wrap(item) for key, item in value.items()}
        if "extraMetadata" in value:
            value["extraMetadata"] = [
                item if "@type" in item else {"@type": STRUCT, "value": item} for item in value["extraMetadata"]
            ]
        return value
    return [wrap(item) for item in value] if isinstance(value, list) else value


def parse(file):
    message = schema_pb2.Schema()
    if file["format"] == "json":
        json_format.ParseDict(wrap(json.loads(file["text"])), message)
    else:
        text_format.Parse(file["text"], message)
    return message


def dump(message):
    """Presence and value of every field; a Struct by its content, for its bytes may be in any order."""
    return json.loads(json_format.MessageToJson(message, preserving_proto_field_name=True))


def main():
    out = []
    for file in json.load(sys.stdin):
        message = parse(file)
        prints = [
            text_format.MessageToString(message),
            text_format.MessageToString(message, as_one_line=True, use_short_repeated_primitives=True),
            text_format.MessageToString(message, pointy_brackets=True, as_utf8=True),
            # With a pool, an Any is spelled out.
            text_format.MessageToString(message, descriptor_pool=descriptor_pool.Default()),
        ]
        out.append({"dump": dump(message), "prints": prints})
    json.dump(out, sys.stdout)


assert struct_pb2.Struct is not None  # registers Struct with the pool
main()
