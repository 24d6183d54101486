"""The task's DCN in Keras 3 on TensorFlow, written as its user would: functional model, ``tf.data``, ``fit``."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

from protocol import EpochClock, load_task, serve, take_over_output

out = take_over_output()

import keras
import numpy as np
import pyarrow.parquet as parquet
import tensorflow as tf
from keras import layers

task = load_task()


class Cross(layers.Layer):
    """x0 * (x W + b) + x, full rank (DCN V2, equation 1)."""

    def build(self, shapes):
        self.dense = layers.Dense(shapes[0][-1], kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.05))
        self.dense.build(shapes[1])

    def call(self, inputs):
        first, x = inputs
        return first * self.dense(x) + x


def model():
    inputs, parts = {}, {}
    for column in task["categorical"]:
        name = column["name"]
        inputs[name] = keras.Input((), dtype="int32", name=name)
        table = layers.Embedding(
            column["rows"],
            column["width"],
            embeddings_initializer=keras.initializers.RandomUniform(-0.05, 0.05),
            trainable=not column["frozen"],
            name=f"table_{name}",
        )
        parts[name] = table(inputs[name])
        if column["weights"]:
            table.set_weights([np.load(column["weights"])])
    for name in task["continuous"]:
        inputs[name] = keras.Input((1,), dtype="float32", name=name)
        parts[name] = inputs[name]
    first = layers.Concatenate()([parts[name] for name in sorted(parts)])  # [batch, inputWidth]
    x = first
    for _ in range(task["crossLayers"]):
        x = Cross()([first, x])
    for units in task["deepLayers"]:
        x = layers.Dense(units, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(1)(x))


def start():
    keras.utils.set_random_seed(task["seed"])
    table = parquet.read_table(task["data"])
    features = {column["name"]: table[column["name"]].to_numpy().astype("int32") for column in task["categorical"]}
    for name in task["continuous"]:
        features[name] = table[name].to_numpy().astype("float32")[:, None]
    target = table[task["target"]].to_numpy().astype("float32")[:, None]
    rows = len(target)
    dcn = model()
    dcn.compile(
        optimizer=keras.optimizers.Adagrad(task["learningRate"], initial_accumulator_value=0.1, epsilon=1e-7),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.AUC(num_thresholds=200, from_logits=True, name="auc")],
        jit_compile=task["jit"],
    )

    # Of the ways to feed rows from memory, `fit` on arrays took the least CPU time: it shuffles row numbers, gathers whole
    # batches in a tf.data pipeline and prefetches them. Shuffling and batching single rows in tf.data took nearly twice.
    def train(epochs):
        clock = EpochClock(rows)
        callback = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: clock.begin(), on_epoch_end=lambda epoch, logs: clock.end(logs)
        )
        dcn.fit(features, target, task["batchSize"], epochs, verbose=0, callbacks=[callback])
        return clock.epochs

    train(1)
    facts = {
        "version": f"Keras {keras.__version__}, TensorFlow {tf.__version__}",
        "parameters": dcn.count_params(),
        "trainableParameters": int(sum(np.prod(weight.shape) for weight in dcn.trainable_weights)),
    }
    return facts, train


serve(out, start)
