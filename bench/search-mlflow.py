"""Times MLflow's own search over a store of files: argv is a JSON request, the answer is one JSON line on stdout.

The SQLite database is filled by SQL from the same files, because logging them through MLflow would take hours.
"""

import json
import os
import sqlite3
import sys
import time

import yaml
from mlflow.entities import ViewType


def texts(directory):
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            yield name, file.read()


def metric_rows(run_id, directory):
    for key, content in texts(directory):
        for line in content.splitlines():
            timestamp, value, step = line.split()
            yield key, float(value), int(timestamp), run_id, int(step), False


def latest_rows(rows):
    latest = {}
    for key, value, timestamp, run_id, step, is_nan in rows:
        latest[key] = (key, value, timestamp, step, is_nan, run_id)
    return latest.values()


def add_run(cursor, experiment_id, directory):
    with open(os.path.join(directory, "meta.yaml"), encoding="utf-8") as file:
        meta = yaml.load(file, Loader=yaml.CSafeLoader)
    run_id = os.path.basename(directory)
    status = {3: "FINISHED", 4: "FAILED", 1: "RUNNING"}.get(meta["status"], "FINISHED")
    cursor.execute(
        "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time,"
        " end_time, source_version, lifecycle_stage, artifact_uri, experiment_id) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (run_id, meta["run_name"], "LOCAL", "", "", meta["user_id"], status, meta["start_time"], meta["end_time"],
         "", "active", meta["artifact_uri"], experiment_id),
    )
    for kind in ("params", "tags"):
        rows = [(key, value, run_id) for key, value in texts(os.path.join(directory, kind))]
        cursor.executemany(f"INSERT INTO {kind} (key, value, run_uuid) VALUES (?,?,?)", rows)
    rows = list(metric_rows(run_id, os.path.join(directory, "metrics")))
    cursor.executemany(
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?,?,?,?,?,?)", rows
    )
    cursor.executemany(
        "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?,?,?,?,?,?)",
        latest_rows(rows),
    )


def load(database, store, experiment_id):
    connection = sqlite3.connect(database)
    cursor = connection.cursor()
    cursor.execute(
        "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage) VALUES (?,?,?,?)",
        (int(experiment_id), "generated", f"./{experiment_id}", "active"),
    )
    root = os.path.join(store, experiment_id)
    for name in os.listdir(root):
        if name != "meta.yaml":
            add_run(cursor, int(experiment_id), os.path.join(root, name))
    connection.commit()
    connection.close()


def timed_search(store, request):
    query = request["query"]
    found, times = [], []
    for _ in range(request["rounds"]):
        start = time.perf_counter()
        found = store.search_runs(
            [request["experiment"]], query["filter"], ViewType.ACTIVE_ONLY, query["limit"], query["order_by"]
        )
        times.append((time.perf_counter() - start) * 1000)
    return {"ids": [run.info.run_id for run in found], "ms": times}


def main(request):
    if request["kind"] == "files":
        from mlflow.store.tracking.file_store import FileStore

        return timed_search(FileStore(request["store"]), request)
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore(f"sqlite:///{request['database']}", "./artifacts")
    if request.get("load"):
        load(request["database"], request["store"], request["experiment"])
        return {"ids": [], "ms": []}
    return timed_search(store, request)


print(json.dumps(main(json.loads(sys.argv[1]))))
