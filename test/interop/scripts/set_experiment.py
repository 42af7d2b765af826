"""Sets its experiment; the name is its argument."""

import sys

import mlflow

mlflow.set_experiment(sys.argv[1])
with mlflow.start_run():
    mlflow.log_metric("loss", 0.5)
