"""Tables used in every way that src-main/model knows, trained in Python TensorFlow for five steps.

Usage: uses.py OUT
Writes OUT/start.npz (weights and batches, the same for all cases) and OUT/CASE-OPTIMIZER.npz (weights and losses after five
steps) for each of the cases below with Adagrad and Adam. Dense weights are updated by Keras' own optimizers; tables by the
same formulas written lazily, as rows that were not looked up do not move, and slots of a locked table rest.
"""

import sys

import keras
import numpy as np
import tensorflow as tf

out = sys.argv[1]
random = np.random.default_rng(23)
tf.config.experimental.enable_op_determinism()

seed = 5
rows, width = 30, 8
projected, hidden = 4, 12
rates = {"adagrad": 0.1, "adam": 0.01}

# `locked`: the steps, from 1, in which `vectors` does not move.
cases = {
    "trainable": {},
    "frozen": {"locked": range(1, 6)},
    "projected": {"locked": range(1, 6), "projection": "linear"},
    "mlp": {"locked": range(1, 6), "projection": "mlp"},
    "residual": {"locked": range(1, 6), "residual": True},
    "thawed": {"locked": range(1, 4)},
    "locked": {"locked": range(3, 5)},
    "half": {"scale": 0.5},
    "l2": {"l2": 0.3},
    "dropout": {"dropout": 0.3},
    "dropout-projected": {"dropout": 0.3, "projection": "mlp"},
    "norm": {"norm": 0.6},
    "concat": {"locked": range(1, 6), "combination": "concat"},
    "sum": {"locked": range(1, 6), "combination": "sum"},
    "all": {
        "locked": range(1, 3),
        "residual": True,
        "projection": "mlp",
        "scale": 2.0,
        "l2": 0.1,
        "dropout": 0.2,
        "norm": 1.0,
        "combination": "concat",
    },
}


def input_width(case):
    own = projected if "projection" in case else width
    if case.get("combination") == "concat":
        own += width
    return 2 * 4 + own + 1


def glorot(inputs, units):
    limit = np.sqrt(6 / (inputs + units))
    return random.uniform(-limit, limit, (inputs, units))


start = {
    "emb/letters": random.uniform(-0.5, 0.5, (20, 4)),
    "emb/vectors": random.uniform(-0.5, 0.5, (rows, width)),
    "emb/images": random.uniform(-0.5, 0.5, (rows, width)),
    "emb/vectors.residual": np.zeros((rows, width)),
    "linear/kernel": glorot(width, projected),
    "linear/bias": random.normal(0, 0.1, projected),
    "mlp/hidden/kernel": glorot(width, hidden),
    "mlp/hidden/bias": random.normal(0, 0.1, hidden),
    "mlp/kernel": glorot(hidden, projected),
    "mlp/bias": random.normal(0, 0.1, projected),
}
for inputs in sorted({input_width(case) for case in cases.values()}):
    start[f"{inputs}/mlp0/kernel"] = glorot(inputs, 10)
start["mlp0/bias"] = random.normal(0, 0.1, 10)
start["head/kernel"] = glorot(10, 1)
start["head/bias"] = random.normal(0, 0.1, 1)
start = {name: value.astype(np.float32) for name, value in start.items()}

batches = []
for size in [96, 96, 96, 96, 40]:
    batches.append(
        {
            "a": random.integers(0, 10, size),
            "b": random.integers(0, 10, size),
            "c": random.integers(0, rows // 2, size),
            "x": random.uniform(0, 1, size),
            "label": random.integers(0, 2, size),
        }
    )
written = dict(start)
for i, batch in enumerate(batches):
    for name, values in batch.items():
        written[f"batch{i}/{name}"] = values.astype(np.float32)
np.savez(f"{out}/start.npz", **written)


def weights_of(case):
    """Graft's names of the case's weights, and their first values."""
    names = {"emb/letters": "emb/letters", "emb/vectors": "emb/vectors"}
    if "combination" in case:
        names["emb/images"] = "emb/images"
    if case.get("residual"):
        names["emb/vectors.residual"] = "emb/vectors.residual"
    kind = case.get("projection")
    if kind:
        for part in ["hidden/kernel", "hidden/bias"] if kind == "mlp" else []:
            names[f"projection/vectors/{part}"] = f"mlp/{part}"
        for part in ["kernel", "bias"]:
            names[f"projection/vectors/{part}"] = f"{kind}/{part}"
    names["mlp0/kernel"] = f"{input_width(case)}/mlp0/kernel"
    for name in ["mlp0/bias", "head/kernel", "head/bias"]:
        names[name] = name
    return {name: tf.Variable(start[place]) for name, place in names.items()}


def forward(case, weights, batch, step):
    ids = {name: tf.constant(batch[name], tf.int32) for name in "abc"}
    own = tf.gather(weights["emb/vectors"], ids["c"])
    if case.get("residual"):
        own += tf.gather(weights["emb/vectors.residual"], ids["c"])
    if "dropout" in case:
        uniform = tf.raw_ops.StatelessRandomUniform(
            shape=tf.shape(own), seed=tf.constant([seed, step * 2**20], tf.int64), dtype=tf.float32
        )
        rate = np.float32(case["dropout"])
        own = tf.where(uniform >= rate, own / (1 - rate), 0)
    if case.get("projection") == "mlp":
        place = "projection/vectors/hidden"
        own = tf.nn.relu(own @ weights[f"{place}/kernel"] + weights[f"{place}/bias"])
    if "projection" in case:
        own = own @ weights["projection/vectors/kernel"] + weights["projection/vectors/bias"]
    looked = [own]
    if "combination" in case:
        images = tf.gather(weights["emb/images"], ids["c"])
        looked = [own + images] if case["combination"] == "sum" else [own, images]
    letters = [tf.gather(weights["emb/letters"], ids[name]) for name in "ab"]
    x = tf.concat([*letters, *looked, tf.constant(batch["x"], tf.float32)[:, None]], 1)
    h = tf.nn.relu(x @ weights["mlp0/kernel"] + weights["mlp0/bias"])
    logits = (h @ weights["head/kernel"] + weights["head/bias"])[:, 0]
    labels = tf.constant(batch["label"], tf.float32)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))


class LazyAdagrad:
    def __init__(self, table):
        self.accumulator = tf.Variable(tf.fill(table.shape, 0.1))

    def update(self, table, ids, gradient, rate, step):
        self.accumulator.scatter_nd_add(ids[:, None], gradient**2)
        scale = tf.sqrt(tf.gather(self.accumulator, ids) + 1e-7)
        table.scatter_nd_sub(ids[:, None], rate * gradient / scale)


class LazyAdam:
    def __init__(self, table):
        self.m, self.v = tf.Variable(tf.zeros(table.shape)), tf.Variable(tf.zeros(table.shape))

    def update(self, table, ids, gradient, rate, step):
        m = tf.gather(self.m, ids) + (gradient - tf.gather(self.m, ids)) * (1 - 0.9)
        v = tf.gather(self.v, ids) + (gradient**2 - tf.gather(self.v, ids)) * (1 - 0.999)
        self.m.scatter_nd_update(ids[:, None], m)
        self.v.scatter_nd_update(ids[:, None], v)
        rate = rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        table.scatter_nd_sub(ids[:, None], tf.cast(rate, tf.float32) * m / (tf.sqrt(v) + 1e-7))


def update_table(table, slots, slices, rate, step, case, batch_rows):
    ids, positions = tf.unique(tf.convert_to_tensor(slices.indices))
    count = tf.size(ids)
    gradient = tf.math.unsorted_segment_sum(tf.convert_to_tensor(slices.values), positions, count)
    if "l2" in case:
        # The loss gets l2 / 2 · mean over the batch of the squared norms of the rows looked up.
        times = tf.math.unsorted_segment_sum(tf.ones_like(positions, tf.float32), positions, count)
        gradient += case["l2"] * (times / batch_rows)[:, None] * tf.gather(table, ids)
    slots.update(table, ids, gradient, rate, step)
    if "norm" in case:
        table.scatter_nd_update(ids[:, None], tf.clip_by_norm(tf.gather(table, ids), case["norm"], axes=[1]))


def train(case, optimizer):
    weights = weights_of(case)
    rate = rates[optimizer]
    tables = [name for name in weights if name.startswith("emb/")]
    dense = [name for name in weights if name not in tables]
    of_dense = {"adagrad": keras.optimizers.Adagrad, "adam": keras.optimizers.Adam}[optimizer](learning_rate=rate)
    of_tables = {name: {"adagrad": LazyAdagrad, "adam": LazyAdam}[optimizer](weights[name]) for name in tables}
    keras_weights = {name: keras.Variable(weights[name]) for name in dense}
    losses = []
    for step, batch in enumerate(batches, 1):
        with tf.GradientTape() as tape:
            loss = forward(case, weights, batch, step)
        found = tape.gradient(loss, weights)
        losses.append(loss.numpy())
        of_dense.apply([found[name] for name in dense], [keras_weights[name] for name in dense])
        for name in dense:
            weights[name].assign(keras_weights[name].value)
        for name in tables:
            if name == "emb/vectors" and step in case.get("locked", []):
                continue
            # A use is that of one table and its residual; the others learn as usual.
            used = case if name.startswith("emb/vectors") else {}
            own_rate = rate * used.get("scale", 1)
            update_table(weights[name], of_tables[name], found[name], own_rate, step, used, len(batch["label"]))
    return {name: value.numpy() for name, value in weights.items()} | {"losses": np.array(losses, np.float32)}


for name, case in cases.items():
    for optimizer in rates:
        np.savez(f"{out}/{name}-{optimizer}.npz", **train(case, optimizer))
