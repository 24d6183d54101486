"""TensorFlow's own definition of operations, in the notation of Graft's op table.

Standard input: a JSON list of op names. Standard output: a JSON object of their definitions, null for an unknown op.
"""

import json
import sys

from tensorflow.python.framework import dtypes, op_def_registry

NAMES = {"half": "float16"}


def type_name(number):
    name = dtypes.as_dtype(number).base_dtype.name
    return NAMES.get(name, name)


def expression(arg):
    if arg.type_list_attr:
        return f"[{arg.type_list_attr}]"
    element = arg.type_attr or type_name(arg.type)
    return f"{arg.number_attr}*{element}" if arg.number_attr else element


def value(attr):
    field = attr.WhichOneof("value")
    if field == "type":
        return type_name(attr.type)
    if field == "s":
        return attr.s.decode()
    if field == "shape":
        return None if attr.shape.unknown_rank else [dim.size for dim in attr.shape.dim]
    if field == "list":
        parts = attr.list
        return [type_name(x) for x in parts.type] or [x.decode() for x in parts.s] or list(parts.i) or list(parts.f)
    return getattr(attr, field)


def definition(name):
    found = op_def_registry.get(name)
    if found is None:
        return None
    return {
        "inputs": {arg.name: expression(arg) for arg in found.input_arg},
        "outputs": {arg.name: expression(arg) for arg in found.output_arg},
        "stateful": found.is_stateful,
        "attrs": {
            attr.name: {
                "kind": attr.type,
                **({"default": value(attr.default_value)} if attr.HasField("default_value") else {}),
                **({"allowed": value(attr.allowed_values)} if attr.HasField("allowed_values") else {}),
            }
            for attr in found.attr
        },
    }


json.dump({name: definition(name) for name in json.load(sys.stdin)}, sys.stdout)
