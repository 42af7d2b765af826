"""Writes a store with everything this version of MLflow can write.

Request: {"uri", "seed", "files": a scratch directory}. Answer: {"linked_points": {run_id: {key: [[timestamp, value, step,
dataset name, dataset digest]]}}}: what MLflow's file store writes but does not read back (it reports step 0).
"""

import os
import random

import mlflow
from mlflow.entities import Metric, Param, RunTag, ViewType

from driver import SERIES, client, main

EDGES = [
    0.0,
    -0.0,
    1.0,
    0.1,
    1e16,
    9999999999999998.0,
    1e-5,
    0.0001,
    5e-324,
    1.7976931348623157e308,
    -1e300,
    123456789.125,
    float("nan"),
    float("inf"),
    float("-inf"),
]
TEXTS = {
    "plain": "adam",
    "train/opt.lr": "0.001",
    "with space": "  kept  ",
    "lines": "one\ntwo\n\nthree\n",
    "crlf": "a\r\nb\rc",
    "tab": "a\tb",
    "größe": "naïve – 日本語 😀",
    "число": "семь",
    "looks.like.yaml": "{a: [1, 2]} # no",
    "bool": "True",
    "none": "None",
    "quotes": "it's \"so\" \\ C:\\x",
    "empty": "",
    ".hidden": "x",
    "long": "0123456789" * 40,
}
NAMES = ["résumé parser: v2", "yes", "20240102", "🚀 launch", "a/b c#d", "null", "x" * 200]


def answer(request):
    api = client(request["uri"])
    rng = random.Random(request["seed"])
    linked = {}
    for name in NAMES:
        experiment_id = api.create_experiment(name)
        api.set_experiment_tag(experiment_id, "team", "nlp")
        api.set_experiment_tag(experiment_id, "mlflow.note.content", "first\nsecond: ünïcode\n")
        write_statuses(api, rng, experiment_id)
    everything = api.create_experiment("everything")
    run_id = write_full_run(api, rng, everything)
    write_nested(everything)
    write_artifacts(api, run_id, request["files"], rng)
    write_lifecycle(api, rng)
    if SERIES >= 2:
        write_datasets(api, run_id)
        write_registry(api, run_id)
    if SERIES >= 3:
        write_logged_models(api, everything, run_id, request["files"], linked)
        write_traces(everything)
    return {"linked_points": linked}


def write_statuses(api, rng, experiment_id):
    for status in ["FINISHED", "FAILED", "KILLED", "SCHEDULED", None]:
        run = api.create_run(experiment_id, start_time=1_700_000_000_000 + rng.randrange(10**9))
        api.log_metric(run.info.run_id, "loss", rng.random())
        if status is not None:
            api.set_terminated(run.info.run_id, status, end_time=run.info.start_time + 61_234)
    deleted = api.create_run(experiment_id, tags={"mlflow.user": "zoë", "mlflow.runName": "to be deleted"})
    api.log_param(deleted.info.run_id, "kept", "yes")
    api.delete_run(deleted.info.run_id)
    restored = api.create_run(experiment_id)
    api.delete_run(restored.info.run_id)
    api.restore_run(restored.info.run_id)


def write_full_run(api, rng, experiment_id):
    run_id = api.create_run(experiment_id, tags={"mlflow.user": "ana", "mlflow.runName": "full: #1"}).info.run_id
    for key, value in TEXTS.items():
        api.log_param(run_id, key, value)
        api.set_tag(run_id, key, value)
    api.set_tag(run_id, "gone", "soon")
    api.delete_tag(run_id, "gone")
    api.set_tag(run_id, "plain", "written again")
    for step, value in enumerate(EDGES):
        api.log_metric(run_id, "edges", value, timestamp=1_700_000_000_000 + step, step=step)
    for step in [-5, 0, 2**40, 3, 3]:
        api.log_metric(run_id, "train/steps here", 0.5, timestamp=1_700_000_000_000, step=step)
    api.log_metric(run_id, "größe/λ-1", rng.random())
    batch = [
        Metric("curve/%d" % (index % 4), rng.gauss(0, 1), 1_700_000_000_000 + index, index // 4)
        for index in range(800)
    ]
    api.log_batch(
        run_id,
        metrics=batch,
        params=[Param("batch.%d" % index, str(index)) for index in range(50)],
        tags=[RunTag("batch.tag", "b")],
    )
    return run_id


def write_nested(experiment_id):
    with mlflow.start_run(experiment_id=experiment_id, run_name="parent"):
        mlflow.log_params({"depth": 0, "flag": True, "nothing": None, "list": [1, 2]})
        for index in range(2):
            with mlflow.start_run(experiment_id=experiment_id, nested=True, run_name="child %d" % index):
                mlflow.log_metrics({"a": index, "b": index / 3}, step=index)
                mlflow.set_tags({"k": index})
    try:
        with mlflow.start_run(experiment_id=experiment_id, run_name="raises"):
            raise KeyError("as training does")
    except KeyError:
        pass


def write_artifacts(api, run_id, files, rng):
    tree = os.path.join(files, "tree")
    os.makedirs(os.path.join(tree, "deep", "er"))
    contents = {
        "empty.bin": b"",
        "deep/random.bin": rng.randbytes(150_000),
        "deep/er/naïve file (1).txt": "ünïcode\r\n".encode(),
        "deep/er/100% sure.txt": b"percent",
    }
    for path, content in contents.items():
        with open(os.path.join(tree, path), "wb") as file:
            file.write(content)
    api.log_artifacts(run_id, tree)
    api.log_artifacts(run_id, tree, "copy/of")
    api.log_artifact(run_id, os.path.join(tree, "deep", "random.bin"), "single")
    api.log_text(run_id, "text\nof two lines", "notes/a.txt")
    api.log_dict(run_id, {"k": [1, 2.5, None, "ü"]}, "notes/d.json")
    api.log_dict(run_id, {"k": "v"}, "notes/d.yaml")


def write_lifecycle(api, rng):
    renamed = api.create_experiment("before")
    api.set_experiment_tag(renamed, "lines", "first\nsecond")
    api.rename_experiment(renamed, "after: rename")
    trashed = api.create_experiment("in the trash")
    write_statuses(api, rng, trashed)
    api.delete_experiment(trashed)
    back = api.create_experiment("back again")
    write_statuses(api, rng, back)
    api.delete_experiment(back)
    api.restore_experiment(back)


def write_datasets(api, run_id):
    from mlflow.entities import Dataset, DatasetInput, InputTag

    def used(name, digest, context, schema, profile):
        dataset = Dataset(name, digest, "local", '{"uri": "data/%s.csv"}' % digest, schema, profile)
        return DatasetInput(dataset, [InputTag("mlflow.data.context", context)] if context else [])

    api.log_inputs(
        run_id,
        [
            used("invoices-train", "5f2c81aa", "training", '{"mlflow_colspec": []}', '{"num_rows": 1200}'),
            used("größe & co", "00ff", "eval", None, None),
        ],
    )
    api.log_inputs(run_id, [used("invoices-train", "00000000", None, "s: 'x'\ny", None)])


def write_registry(api, run_id):
    source = api.get_run(run_id).info.artifact_uri + "/copy"
    api.create_registered_model("parser", tags={"team": "nlp", "größe": "ü\n2"}, description="first: line\nsecond")
    for number in range(4):
        api.create_model_version("parser", source, run_id, tags={"n": str(number)}, description="v%d" % number)
    api.transition_model_version_stage("parser", "1", "Archived")
    api.transition_model_version_stage("parser", "2", "Production")
    api.transition_model_version_stage("parser", "3", "Staging")
    api.update_model_version("parser", "2", "better: #2")
    api.set_model_version_tag("parser", "2", "gate", "passed\n")
    api.set_model_version_tag("parser", "2", "gone", "x")
    api.delete_model_version_tag("parser", "2", "gone")
    api.set_registered_model_alias("parser", "champion", "2")
    api.set_registered_model_alias("parser", "Challenger_1", "3")
    api.set_registered_model_alias("parser", "moved", "1")
    api.set_registered_model_alias("parser", "moved", "3")
    api.set_registered_model_alias("parser", "gone", "1")
    api.delete_registered_model_alias("parser", "gone")
    api.delete_model_version("parser", "4")
    api.create_registered_model("empty model")
    api.create_registered_model("doomed")
    api.delete_registered_model("doomed")
    api.create_registered_model("old name")
    api.rename_registered_model("old name", "new name")
    api.update_registered_model("new name", "it's new")


def write_logged_models(api, experiment_id, run_id, files, linked):
    from mlflow.entities import LoggedModelInput, LoggedModelOutput

    model = api.create_logged_model(
        experiment_id,
        name="parser",
        source_run_id=run_id,
        tags={"stage": "dev", "größe": "ü"},
        params={"depth": "3", "lines": "a\nb"},
        model_type="agent",
    )
    content = os.path.join(files, "model")
    os.makedirs(os.path.join(content, "data"))
    with open(os.path.join(content, "MLmodel"), "w") as file:
        file.write("flavors: {}\n")
    with open(os.path.join(content, "data", "weights.bin"), "wb") as file:
        file.write(bytes(range(256)))
    api.log_model_artifacts(model.model_id, content)
    api.log_model_params(model.model_id, {"late": "1e5"})
    points = [(1_700_000_001_000 + step, step / 7, step) for step in range(3)]
    for timestamp, value, step in points:
        api.log_metric(run_id, "model f1", value, timestamp=timestamp, step=step, model_id=model.model_id)
    dataset = ("invoices-train", "5f2c81aa")
    for timestamp, value, step in points:
        api.log_metric(
            run_id,
            "data f1",
            value + 1,
            timestamp=timestamp,
            step=step + 10,
            model_id=model.model_id,
            dataset_name=dataset[0],
            dataset_digest=dataset[1],
        )
    linked[run_id] = {
        "data f1": [[timestamp, value + 1, step + 10, *dataset] for timestamp, value, step in points]
    }
    api.set_logged_model_tags(model.model_id, {"gone": "x", "late tag": "y"})
    api.delete_logged_model_tag(model.model_id, "gone")
    api.finalize_logged_model(model.model_id, "READY")
    api.log_outputs(run_id, [LoggedModelOutput(model.model_id, 12)])
    consumer = api.create_run(experiment_id, run_name="consumer").info.run_id
    api.log_inputs(consumer, models=[LoggedModelInput(model.model_id)])
    failed = api.create_logged_model(experiment_id, name="failed one")
    api.finalize_logged_model(failed.model_id, "FAILED")
    api.create_logged_model(experiment_id, name="pending one")
    api.delete_logged_model(api.create_logged_model(experiment_id, name="deleted one").model_id)
    api.create_model_version(
        "parser", "models:/" + model.model_id, run_id, model_id=model.model_id, description="of a logged model"
    )
    api.register_prompt("greeting", "Hello {{name}}", commit_message="first", tags={"lang": "en"})


def write_traces(experiment_id):
    mlflow.set_experiment(experiment_id=experiment_id)
    for index in range(2):
        with mlflow.start_span("ask") as span:
            span.set_inputs({"question": "ü %d" % index})
            span.set_outputs({"answer": index})
    mlflow.flush_trace_async_logging()


if __name__ == "__main__":
    main(answer)
