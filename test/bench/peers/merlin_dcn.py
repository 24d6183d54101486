"""The task's DCN in NVIDIA Merlin Models, as its example "Training with pretrained embeddings" builds it."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

from protocol import EpochClock, load_task, serve, take_over_output

out = take_over_output()

import warnings

warnings.filterwarnings("ignore")

import merlin.io
import merlin.models
import merlin.models.tf as mm
import numpy as np
import pandas
import tensorflow as tf
from merlin.schema import ColumnSchema, Schema, Tags

task = load_task()


def schema():
    columns = [
        ColumnSchema(
            column["name"],
            dtype=np.int32,
            tags=[Tags.CATEGORICAL],
            properties={"domain": {"min": 0, "max": column["rows"] - 1, "name": column["name"]}},
        )
        for column in task["categorical"]
    ]
    columns += [ColumnSchema(name, dtype=np.float32, tags=[Tags.CONTINUOUS]) for name in task["continuous"]]
    columns.append(ColumnSchema(task["target"], dtype=np.int32, tags=[Tags.TARGET, Tags.BINARY_CLASSIFICATION]))
    return Schema(columns)


def model(columns):
    initializers = {
        column["name"]: mm.TensorInitializer(np.load(column["weights"]))
        for column in task["categorical"]
        if column["weights"]
    }
    tables = mm.Embeddings(
        columns.select_by_tag(Tags.CATEGORICAL),
        dim={column["name"]: column["width"] for column in task["categorical"]},
        embeddings_initializer=initializers,
        trainable={column["name"]: not column["frozen"] for column in task["categorical"]},
    )
    return mm.DCNModel(
        columns,
        depth=task["crossLayers"],
        deep_block=mm.MLPBlock(task["deepLayers"]),
        input_block=mm.InputBlockV2(columns, categorical=tables),
        prediction_tasks=mm.BinaryOutput(task["target"]),
    )


def start():
    tf.keras.utils.set_random_seed(task["seed"])
    columns = schema()
    frame = pandas.read_parquet(task["data"], columns=columns.column_names)
    for column in columns:
        frame[column.name] = frame[column.name].astype(column.dtype.to_numpy)
    data = merlin.io.Dataset(frame, schema=columns)
    dcn = model(columns)
    dcn.compile(
        optimizer=tf.keras.optimizers.Adagrad(task["learningRate"], initial_accumulator_value=0.1, epsilon=1e-7),
        metrics=[tf.keras.metrics.AUC(num_thresholds=200, name="auc")],
    )

    def train(epochs):
        clock = EpochClock(len(frame))
        callback = tf.keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: clock.begin(), on_epoch_end=lambda epoch, logs: clock.end(logs)
        )
        dcn.fit(data, batch_size=task["batchSize"], epochs=epochs, verbose=0, callbacks=[callback])
        return clock.epochs

    train(1)
    facts = {
        "version": f"Merlin Models {merlin.models.__version__}, TensorFlow {tf.__version__}",
        # The model's own switch for metrics is a boolean variable: no parameter.
        "parameters": int(sum(np.prod(weight.shape) for weight in dcn.weights if weight.dtype == tf.float32)),
        "trainableParameters": int(sum(np.prod(weight.shape) for weight in dcn.trainable_weights)),
    }
    return facts, train


serve(out, start)
