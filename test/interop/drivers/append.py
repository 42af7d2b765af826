"""Logs points, params and tags into one run, at the same time as other processes do.

Request: {"uri", "run_id" or "experiment_id" (makes a run there), "writer": n, "points": N, "own_key", "shared_key",
"params": N, "ready": path, "go": path}. It creates the file `ready`, waits until `go` exists, then logs. Point i is
step n * 1000000 + i with value i. Answer: {"run_id"}.
"""

import os
import time

from driver import client, main

from mlflow.entities import Metric


def answer(request):
    api = client(request["uri"])
    run_id = request.get("run_id") or api.create_run(request["experiment_id"]).info.run_id
    open(request["ready"], "w").close()
    while not os.path.exists(request["go"]):
        time.sleep(0.005)
    first = request["writer"] * 1_000_000
    for index in range(request["points"]):
        step = first + index
        api.log_metric(run_id, request["own_key"], float(index), timestamp=step, step=step)
        shared = Metric(request["shared_key"], float(index), step, step)
        api.log_batch(run_id, metrics=[shared])
    for index in range(request["params"]):
        api.log_param(run_id, "writer%d.%d" % (request["writer"], index), str(index))
        api.set_tag(run_id, "writer%d.%d" % (request["writer"], index), str(index))
    return {"run_id": run_id}


if __name__ == "__main__":
    main(answer)
