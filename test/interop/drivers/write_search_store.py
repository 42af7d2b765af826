"""Writes MLflow's part of the store that searches are compared on.

Request: {"uri", "plan" (see search/plan.ts), "part", "experiments", "runs": the ids that the part needs, in the order of
the plan}. Answer: the ids of the part in the order of the plan, null for what another writer makes.
"""

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

from driver import client, main


def answer(request):
    api = client(request["uri"])
    plan = request["plan"]
    part = PARTS[request["part"]]
    return part(api, plan, request)


def experiments(api, plan, _request):
    ids = []
    for planned in plan["experiments"]:
        if planned["writer"] == "mlflow":
            made = api.create_experiment(planned["name"])
            for key, value in planned["tags"]:
                api.set_experiment_tag(made, key, value)
            if planned["renamed"]:
                api.rename_experiment(made, planned["renamed"])
            ids.append(made)
        else:
            ids.append(None)
    return ids


def runs(api, plan, request):
    return [
        run(api, planned, request["experiments"][planned["experiment"]])
        if planned["writer"] == "mlflow"
        else None
        for planned in plan["runs"]
    ]


def run(api, planned, experiment_id):
    made = api.create_run(
        experiment_id,
        start_time=planned["startTime"],
        tags={"mlflow.user": planned["user"]},
        run_name=planned["name"],
    ).info.run_id
    api.log_batch(
        made,
        metrics=[
            Metric(point["key"], float(point["value"]), point["timestamp"], point["step"])
            for point in planned["points"]
        ],
        params=[Param(key, value) for key, value in planned["params"]],
        tags=[RunTag(key, value) for key, value in planned["tags"]],
    )
    api.log_inputs(made, [used(dataset) for dataset in planned["datasets"]])
    if planned["status"] != "RUNNING":
        api.set_terminated(made, planned["status"], end_time=planned["endTime"])
    if planned["deleted"]:
        api.delete_run(made)
    return made


def used(planned):
    dataset = Dataset(planned["name"], planned["digest"], "local", "{}")
    context = planned["context"]
    return DatasetInput(dataset, [] if context is None else [InputTag("mlflow.data.context", context)])


def models(api, plan, request):
    for planned in plan["models"]:
        if planned["writer"] != "mlflow":
            continue
        name = planned["name"]
        api.create_registered_model(name, tags=dict(planned["tags"]))
        for version in planned["versions"]:
            made = api.create_model_version(
                name,
                version["source"],
                None if version["run"] is None else request["runs"][version["run"]],
                tags=dict(version["tags"]),
            )
            if version["deleted"]:
                api.delete_model_version(name, made.version)
        for alias, number in planned["aliases"]:
            api.set_registered_model_alias(name, alias, str(number))
    api.register_prompt("greeting", "Hello {{name}}", tags={"team": "adam"})


def logged_models(api, plan, request):
    return [
        logged_model(api, planned, request) if planned["writer"] == "mlflow" else None
        for planned in plan["loggedModels"]
    ]


def logged_model(api, planned, request):
    made = api.create_logged_model(
        request["experiments"][planned["experiment"]],
        name=planned["name"],
        source_run_id=None if planned["run"] is None else request["runs"][planned["run"]],
        tags=dict(planned["tags"]),
        params=dict(planned["params"]),
        model_type=planned["type"],
    ).model_id
    if planned["status"] != "PENDING":
        api.finalize_logged_model(made, planned["status"])
    if planned["deleted"]:
        api.delete_logged_model(made)
    return made


PARTS = {
    "experiments": experiments,
    "runs": runs,
    "models": models,
    "loggedModels": logged_models,
}

if __name__ == "__main__":
    main(answer)
