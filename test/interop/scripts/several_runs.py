"""One script, several runs: the first is the surrounding one, then a nested one, then a second one."""

import mlflow

with mlflow.start_run() as first:
    mlflow.log_metric("which", 1)
    with mlflow.start_run(nested=True, run_name="nested") as nested:
        mlflow.log_metric("which", 2)
with mlflow.start_run(run_name="second") as second:
    mlflow.log_metric("which", 3)
print(first.info.run_id, nested.info.run_id, second.info.run_id)
