"""A training script that knows nothing of Runstone; the exit code is its argument."""

import sys

import mlflow

with mlflow.start_run() as run:
    mlflow.log_param("lr", 0.1)
    mlflow.log_params({"optimizer.name": "adam", "lines": "a\nb"})
    for step in range(5):
        mlflow.log_metric("train/loss", 1 / (step + 1), step=step)
    mlflow.log_metrics({"accuracy": 0.9, "nan": float("nan")})
    mlflow.set_tag("team", "nlp")
    mlflow.log_text("hello", "notes/hello.txt")
    print("logged into", run.info.run_id)
    print("::runstone metric extra=5 step=1")
# The run has ended for MLflow; the script goes on.
print("after end_run")
sys.exit(int(sys.argv[1]))
