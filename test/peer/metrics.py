"""Metrics of predictions by scikit-learn, of all rows and of those of users up to an id and above it, as JSON.

Parameters: Parquet files of the rows (user, label) and of the predictions, the largest id that training saw.
"""

import json
import sys

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, roc_auc_score, root_mean_squared_error

rows = pd.read_parquet(sys.argv[1]).join(pd.read_parquet(sys.argv[2])).astype(float)
largest = int(sys.argv[3])


def metrics(part: pd.DataFrame) -> dict[str, float]:
    label, prediction = part["label"], part["prediction"]
    return {
        "rows": len(part),
        "auc": roc_auc_score(label, prediction),
        "logLoss": log_loss(label, np.clip(prediction, 1e-7, 1 - 1e-7)),
        "accuracy": accuracy_score(label, prediction > 0.5),
        "rmse": root_mean_squared_error(label, prediction),
        "mae": mean_absolute_error(label, prediction),
        "targetRate": label.mean(),
        "meanPrediction": prediction.mean(),
    }


of_both = rows.groupby("user").filter(lambda part: part["label"].nunique() == 2)
within = of_both.groupby("user")[["label", "prediction"]].apply(
    lambda part: roc_auc_score(part["label"], part["prediction"])
)
seen = rows["user"].between(1, largest)
print(
    json.dumps(
        {
            "whole": {**metrics(rows), "perUserAuc": within.mean()},
            "seen": metrics(rows[seen]),
            "unseen": metrics(rows[~seen]),
        }
    )
)
