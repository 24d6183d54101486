"""How the bench talks to a peer: one JSON document a line, on standard input and output.

A peer is started with the path of a task (the model, its tables and its data, see ``task.ts``), trains one epoch that
does not count (tracing, first touch of memory), says ``ready`` and then trains as many epochs as each line asks for.
It stays alive between turns, so that a turn measures training and not the start of an interpreter.
"""

import json
import os
import resource
import sys
import time


def load_task():
    with open(sys.argv[1], encoding="utf-8") as file:
        return json.load(file)


def take_over_output():
    """Keeps standard output for the protocol; whatever the libraries print goes to standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def cpu_seconds():
    """User and system time of this process so far, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def serve(out, start):
    """``start()`` builds the peer, trains its first epoch and returns ``(facts, train)``; ``train(epochs)`` returns one
    ``{"seconds", "cpuSeconds", "rows", "loss", "auc"}`` an epoch."""

    def say(message):
        out.write(json.dumps(message) + "\n")
        out.flush()

    facts, train = start()
    say({"ready": facts})
    for line in sys.stdin:
        say({"epochs": train(json.loads(line)["epochs"])})


class EpochClock:
    """Wall and CPU time of each epoch, for a Keras callback of either Keras to drive."""

    def __init__(self, rows):
        self.rows = rows
        self.epochs = []

    def begin(self):
        self.wall = time.perf_counter()
        self.cpu = cpu_seconds()

    def end(self, logs):
        self.epochs.append(
            {
                "rows": self.rows,
                "seconds": time.perf_counter() - self.wall,
                "cpuSeconds": cpu_seconds() - self.cpu,
                "loss": float(logs["loss"]),
                "auc": float(logs["auc"]),
            }
        )
