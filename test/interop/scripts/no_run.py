"""Logs without start_run: the run is implicit and ends with the process."""

import mlflow

mlflow.log_param("lr", 0.1)
mlflow.log_metric("loss", 0.5, step=3)
