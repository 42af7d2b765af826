"""Names its experiment itself, in its text."""

import mlflow

mlflow.set_experiment("iris")
with mlflow.start_run():
    mlflow.log_metric("loss", 0.5)
