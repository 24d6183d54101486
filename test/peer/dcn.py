"""The DCN and its optimizers in Python TensorFlow, step by step: the peer of src-main/model and src-main/training.

Usage: dcn.py OUT STRUCTURE OPTIMIZER TASK (binary or regression)
Writes OUT/start.npz (weights and batches), OUT/gradients.npz (of the first step), OUT/end.npz (weights and losses after
five steps). Dense weights are updated by Keras' own optimizers; tables by the same formulas written lazily, as rows that
were not looked up do not move.
"""

import sys

import keras
import numpy as np
import tensorflow as tf

out, structure, optimizer, task = sys.argv[1:]
random = np.random.default_rng(11)
tf.config.experimental.enable_op_determinism()

# Columns in ASCII order: (name, table or None for a continuous one).
columns = [("a", "letters"), ("b", "letters"), ("c", "frozen"), ("d", "single"), ("x", None), ("y", None)]
shapes = {"letters": (40, 8), "frozen": (60, 16), "single": (12, 4)}
width = sum(shapes[table][1] if table else 1 for _, table in columns)
deep = [24, 12]


def glorot(rows, columns):
    limit = np.sqrt(6 / (rows + columns))
    return random.uniform(-limit, limit, (rows, columns))


weights = {f"emb/{name}": random.uniform(-0.5, 0.5, shape) for name, shape in shapes.items()}
for i in range(2):
    weights[f"cross{i}/kernel"] = random.normal(0, 0.1, (width, width))
    weights[f"cross{i}/bias"] = random.normal(0, 0.1, width)
before = width
for i, units in enumerate(deep):
    weights[f"mlp{i}/kernel"] = glorot(before, units)
    weights[f"mlp{i}/bias"] = random.normal(0, 0.1, units)
    before = units
joined = deep[-1] + (width if structure == "parallel" else 0)
weights["head/kernel"] = glorot(joined, 1)
weights["head/bias"] = random.normal(0, 0.1, 1)
weights = {name: value.astype(np.float32) for name, value in weights.items()}

batches = []
for rows in [128, 128, 128, 128, 50]:
    batch = {}
    for name, table in columns:
        # Few ids, so that most are repeated; some never occur.
        batch[name] = random.integers(0, shapes[table][0] // 2, rows) if table else random.uniform(0, 1, rows)
    batch["label"] = random.integers(0, 2, rows) if task == "binary" else random.uniform(1, 5, rows)
    batches.append(batch)

start = dict(weights)
for i, batch in enumerate(batches):
    for name, values in batch.items():
        start[f"batch{i}/{name}"] = values.astype(np.float32)
np.savez(f"{out}/start.npz", **start)

variables = {name: tf.Variable(value) for name, value in weights.items()}
tables = {name: variables[f"emb/{name}"] for name in shapes}
dense = [name for name in weights if not name.startswith("emb/")]


def forward(batch):
    parts = []
    for name, table in columns:
        if table:
            parts.append(tf.gather(tables[table], tf.constant(batch[name], tf.int32)))
        else:
            parts.append(tf.constant(batch[name], tf.float32)[:, None])
    x0 = tf.concat(parts, 1)
    x = x0
    for i in range(2):
        x = x0 * (x @ variables[f"cross{i}/kernel"] + variables[f"cross{i}/bias"]) + x
    h = x if structure == "stacked" else x0
    for i in range(len(deep)):
        h = tf.nn.relu(h @ variables[f"mlp{i}/kernel"] + variables[f"mlp{i}/bias"])
    if structure == "parallel":
        h = tf.concat([x, h], 1)
    logits = (h @ variables["head/kernel"] + variables["head/bias"])[:, 0]
    labels = tf.constant(batch["label"], tf.float32)
    if task == "regression":
        return tf.reduce_mean(tf.square(logits - labels))
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))


def summed(slices):
    """Distinct ids and their summed gradients."""
    slices = tf.convert_to_tensor(slices.indices), tf.convert_to_tensor(slices.values)
    ids, positions = tf.unique(slices[0])
    return ids, tf.math.unsorted_segment_sum(slices[1], positions, tf.size(ids))


class LazyAdagrad:
    def __init__(self, rate):
        self.rate = rate
        self.accumulators = {}

    def update(self, name, table, ids, gradient, step):
        accumulator = self.accumulators.setdefault(name, tf.Variable(tf.fill(table.shape, 0.1)))
        accumulator.scatter_nd_add(ids[:, None], gradient**2)
        scale = tf.sqrt(tf.gather(accumulator, ids) + 1e-7)
        table.scatter_nd_sub(ids[:, None], self.rate * gradient / scale)


class LazyAdam:
    def __init__(self, rate):
        self.rate = rate
        self.slots = {}

    def update(self, name, table, ids, gradient, step):
        m, v = self.slots.setdefault(name, (tf.Variable(tf.zeros(table.shape)), tf.Variable(tf.zeros(table.shape))))
        new_m = tf.gather(m, ids) + (gradient - tf.gather(m, ids)) * (1 - 0.9)
        new_v = tf.gather(v, ids) + (gradient**2 - tf.gather(v, ids)) * (1 - 0.999)
        m.scatter_nd_update(ids[:, None], new_m)
        v.scatter_nd_update(ids[:, None], new_v)
        rate = self.rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        table.scatter_nd_sub(ids[:, None], tf.cast(rate, tf.float32) * new_m / (tf.sqrt(new_v) + 1e-7))


rate = {"adagrad": 0.1, "adam": 0.01}[optimizer]
of_dense = {"adagrad": keras.optimizers.Adagrad, "adam": keras.optimizers.Adam}[optimizer](learning_rate=rate)
of_tables = {"adagrad": LazyAdagrad, "adam": LazyAdam}[optimizer](rate)
keras_weights = {name: keras.Variable(weights[name]) for name in dense}

losses = []
gradients = {}
for step, batch in enumerate(batches, 1):
    trained = {name: variables[name] for name in dense} | {
        f"emb/{name}": table for name, table in tables.items() if name != "frozen"
    }
    with tf.GradientTape() as tape:
        loss = forward(batch)
    found = tape.gradient(loss, trained)
    losses.append(loss.numpy())
    if step == 1:
        gradients = {name: tf.convert_to_tensor(value).numpy() for name, value in found.items()}
    of_dense.apply([found[name] for name in dense], [keras_weights[name] for name in dense])
    for name in dense:
        variables[name].assign(keras_weights[name].value)
    for name, table in tables.items():
        if name != "frozen":
            of_tables.update(name, table, *summed(found[f"emb/{name}"]), step)

np.savez(f"{out}/gradients.npz", **gradients)
end = {name: variable.numpy() for name, variable in variables.items()}
np.savez(f"{out}/end.npz", **end, losses=np.array(losses, np.float32))
