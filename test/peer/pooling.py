"""Pooled lists in Python TensorFlow, step by step: the peer of src-main/model/pooling.ts.

Usage: pooling.py OUT
Writes OUT/<case>-start.npz (weights and batches) and OUT/<case>-end.npz (weights and losses after five steps of Adagrad) for
each way of pooling. Means, sums and √n are those of tf.nn.embedding_lookup_sparse; the largest is taken over the items alone.
"""

import sys

import numpy as np
import tensorflow as tf

(out,) = sys.argv[1:]
tf.config.experimental.enable_op_determinism()

rows, width, length, vector = 30, 6, 5, 3
inputs = 2 * width + vector
deep = 8
rate = 0.1


def draw(random):
    """First weights, and batches of one id (b), a list of ids (c) with weights, and a vector (v)."""
    weights = {"emb/items": random.uniform(-0.5, 0.5, (rows, width))}
    weights["cross0/kernel"] = random.normal(0, 0.1, (inputs, inputs))
    weights["cross0/bias"] = random.normal(0, 0.1, inputs)
    weights["mlp0/kernel"] = random.uniform(-0.4, 0.4, (inputs, deep))
    weights["mlp0/bias"] = random.normal(0, 0.1, deep)
    weights["head/kernel"] = random.uniform(-0.5, 0.5, (deep, 1))
    weights["head/bias"] = random.normal(0, 0.1, 1)
    batches = []
    for size in [96, 96, 96, 96, 40]:
        counts = random.integers(0, length + 1, size)
        counts[-1] = max(1, counts[-1])  # the lookup's result ends with the last row that has items
        present = np.arange(length) < counts[:, None]
        batches.append(
            {
                "b": random.integers(0, rows // 2, size),
                "c": np.where(present, random.integers(0, rows // 2, (size, length)), -1),
                "w": np.where(present, random.uniform(0.2, 2, (size, length)), 0),
                "v": random.normal(0, 1, (size, vector)),
                "label": random.integers(0, 2, size),
            }
        )
    return {name: value.astype(np.float32) for name, value in weights.items()}, batches


def pooled(table, batch, how, weighed):
    ids = batch["c"].astype(np.int64)
    if how == "max":
        gathered = tf.gather(table, np.maximum(ids, 0))
        present = (ids >= 0)[:, :, None]
        largest = tf.reduce_max(tf.where(present, gathered, tf.float32.min), 1)
        return tf.where(present.any(1), largest, 0.0)
    where = np.argwhere(ids >= 0)
    sparse = tf.SparseTensor(where, ids[ids >= 0], ids.shape)
    weights = tf.SparseTensor(where, batch["w"][ids >= 0].astype(np.float32), ids.shape) if weighed else None
    return tf.nn.embedding_lookup_sparse(table, sparse, weights, combiner=how)


def forward(variables, batch, how, weighed):
    table = variables["emb/items"]
    x0 = tf.concat(
        [
            tf.gather(table, batch["b"]),
            pooled(table, batch, how, weighed),
            tf.constant(batch["v"], tf.float32),
        ],
        1,
    )
    x = x0 * (x0 @ variables["cross0/kernel"] + variables["cross0/bias"]) + x0
    h = tf.nn.relu(x @ variables["mlp0/kernel"] + variables["mlp0/bias"])
    logits = (h @ variables["head/kernel"] + variables["head/bias"])[:, 0]
    labels = tf.constant(batch["label"], tf.float32)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))


def train(weights, batches, how, weighed):
    variables = {name: tf.Variable(value) for name, value in weights.items()}
    accumulators = {name: tf.Variable(tf.fill(value.shape, 0.1)) for name, value in weights.items()}
    losses = []
    for batch in batches:
        with tf.GradientTape() as tape:
            loss = forward(variables, batch, how, weighed)
        found = tape.gradient(loss, variables)
        losses.append(loss.numpy())
        for name, gradient in found.items():
            # Rows that were not looked up have a gradient of 0, by which Adagrad moves nothing.
            gradient = tf.convert_to_tensor(gradient)
            accumulators[name].assign_add(gradient**2)
            variables[name].assign_sub(rate * gradient / tf.sqrt(accumulators[name] + 1e-7))
    return {name: variable.numpy() for name, variable in variables.items()}, losses


for how, weighed in [
    ("mean", False), ("sum", False), ("sqrtn", False), ("max", False), ("mean", True), ("sum", True), ("sqrtn", True),
]:
    case = f"{how}-weighed" if weighed else how
    weights, batches = draw(np.random.default_rng(23))
    start = dict(weights)
    for i, batch in enumerate(batches):
        for name, values in batch.items():
            start[f"batch{i}/{name}"] = values.astype(np.float32).reshape(-1)
    np.savez(f"{out}/{case}-start.npz", **start)
    end, losses = train(weights, batches, how, weighed)
    np.savez(f"{out}/{case}-end.npz", **end, losses=np.array(losses, np.float32))
