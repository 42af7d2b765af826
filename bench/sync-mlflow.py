"""
Copies runs to an MLflow tracking server with MLflow's own client, one after the other. Prints the seconds.

By log_batch, with as few requests as the server's limits allow: the tags go along with the run's making, the params with the
first of the batches of 1,000 entries. Or call by call: one for each param and each point. Artifacts are files, the status and
the end time come last, in both. Nothing is read back.
"""
import json
import os
import sys
import tempfile
import time

from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient


def main(request):
    client = MlflowClient(tracking_uri=request["url"])
    experiment_id = client.create_experiment(request["experiment"])
    with tempfile.TemporaryDirectory() as directory:
        files = [write_file(directory, index, request["artifact_bytes"]) for index in range(request["artifacts"])]
        begin = time.perf_counter()
        for number in range(request["runs"]):
            copy_run(client, experiment_id, {"number": number, "files": files, **request})
        print(json.dumps({"seconds": time.perf_counter() - begin}))


def write_file(directory, index, size):
    path = os.path.join(directory, f"artifact-{index}.bin")
    with open(path, "wb") as file:
        file.write(os.urandom(size))
    return path


def copy_run(client, experiment_id, spec):
    tags = {f"tag-{index}": str(spec["number"]) for index in range(spec["tags"])}
    run = client.create_run(experiment_id, 1_700_000_000_000, tags, run_name=f"run-{spec['number']}")
    run_id = run.info.run_id
    params = [Param(f"p{index}", str(index / 7)) for index in range(spec["params"])]
    metrics = [
        Metric(f"m{key}", step / 7 + key, 1_700_000_000_000 + step, step)
        for key in range(spec["metrics"])
        for step in range(spec["points"])
    ]
    send = one_by_one if spec["kind"] == "call-by-call" else in_batches
    send(client, run_id, params, metrics)
    for path in spec["files"]:
        client.log_artifact(run_id, path)
    client.set_terminated(run_id, "FINISHED", 1_700_000_100_000)


def one_by_one(client, run_id, params, metrics):
    for param in params:
        client.log_param(run_id, param.key, param.value)
    for metric in metrics:
        client.log_metric(run_id, metric.key, metric.value, metric.timestamp, metric.step)


def in_batches(client, run_id, params, metrics):
    room = 1000 - len(params)
    client.log_batch(run_id, params=params, metrics=metrics[:room])
    for start in range(room, len(metrics), 1000):
        client.log_batch(run_id, metrics=metrics[start : start + 1000])


main(json.loads(sys.argv[1]))
