"""Reads a whole store through MLflow's public client and answers with everything this version knows.

Request: {"uri"}. Answer: {"mlflow", "experiments", "runs"}, from 2.x on {"registered_models", "model_versions"}, from
3.x on {"logged_models", "traces"}: maps by id (model versions: "<name>/<version>"), with MLflow's own field names.
"""

import hashlib
import os
import tempfile

from mlflow.entities import ViewType

from driver import SERIES, client, main, pages
import mlflow

PROMPT = "mlflow.prompt.is_prompt"  # 3.x: prompts are registered models that the plain calls deny


def answer(request):
    api = client(request["uri"])
    experiments = list(
        pages(lambda token: api.search_experiments(view_type=ViewType.ALL, page_token=token))
    )
    result = {
        "mlflow": mlflow.__version__,
        "experiments": {item.experiment_id: experiment(item) for item in experiments},
        "runs": {},
    }
    for item in experiments:
        for run in runs_of(api, item.experiment_id):
            deleted = item.lifecycle_stage == "deleted"
            result["runs"][run.info.run_id] = read_run(api, run, with_artifacts=not deleted)
    if SERIES >= 2:
        result.update(registered_models={}, model_versions={})
        read_registry(api, result)
    if SERIES >= 3:
        result.update(logged_models={}, traces={})
        read_logged_models(api, experiments, result)
        read_traces(api, experiments, result)
    return result


def experiment(item):
    return {
        "name": item.name,
        "artifact_location": item.artifact_location,
        "lifecycle_stage": item.lifecycle_stage,
        "creation_time": item.creation_time,
        "last_update_time": item.last_update_time,
        "tags": dict(item.tags),
    }


def runs_of(api, experiment_id):
    return pages(
        lambda token: api.search_runs(
            [experiment_id], run_view_type=ViewType.ALL, max_results=100, page_token=token
        )
    )


def read_run(api, found, with_artifacts):
    run_id = found.info.run_id
    run = api.get_run(run_id)
    if run.to_dictionary() != found.to_dictionary() and not has_nan(run) and not is_server(run):
        raise AssertionError("get_run and search_runs differ on " + run_id)
    info = run.info
    result = {
        "experiment_id": info.experiment_id,
        "run_name": info.run_name,
        "user_id": info.user_id,
        "status": info.status,
        "start_time": info.start_time,
        "end_time": info.end_time,
        "lifecycle_stage": info.lifecycle_stage,
        "artifact_uri": info.artifact_uri,
        "params": dict(run.data.params),
        "tags": dict(run.data.tags),
        "metrics": {item.key: point(item) for item in run.data._metric_objs},
        "history": {
            key: [point(item) for item in api.get_metric_history(run_id, key)]
            for key in run.data.metrics
        },
    }
    if SERIES >= 2:
        result["inputs"] = dataset_inputs(run)
    if SERIES >= 3:
        result["model_inputs"] = sorted(item.model_id for item in run.inputs.model_inputs)
        result["model_outputs"] = sorted(
            [item.model_id, item.step] for item in run.outputs.model_outputs
        )
    if with_artifacts:
        result["artifacts"] = artifacts(
            lambda path: api.list_artifacts(run_id, path),
            lambda target: api.download_artifacts(run_id, "", target),
        )
    return result


def is_server(run):
    """The searches of a server leave out what a run used and made of logged models."""
    return run.info.artifact_uri.startswith("mlflow-artifacts:")


def has_nan(run):
    return any(value != value for value in run.data.metrics.values())


def point(metric):
    return [metric.timestamp, metric.value, metric.step]


def dataset_inputs(run):
    inputs = [
        {
            "name": item.dataset.name,
            "digest": item.dataset.digest,
            "source_type": item.dataset.source_type,
            "source": item.dataset.source,
            "schema": item.dataset.schema,
            "profile": item.dataset.profile,
            "tags": {tag.key: tag.value for tag in item.tags},
        }
        for item in run.inputs.dataset_inputs
    ]
    return sorted(inputs, key=lambda item: (item["name"], item["digest"]))


def artifacts(listing, download):
    """{path: {"size", "sha256"}} of every file; what is listed and what arrives must be the same files."""
    listed = {}
    pending = [None]
    while pending:
        for entry in listing(pending.pop()):
            if entry.is_dir:
                pending.append(entry.path)
            else:
                listed[entry.path] = entry.file_size or 0  # a server leaves out 0
    with tempfile.TemporaryDirectory() as target:
        arrived = files_below(download(target)) if listed else {}
    if {path: item["size"] for path, item in arrived.items()} != listed:
        raise AssertionError("listed %r, downloaded %r" % (listed, arrived))
    return arrived


def files_below(top):
    found = {}
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                content = file.read()
            key = os.path.relpath(path, top).replace(os.sep, "/")
            found[key] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return found


def read_registry(api, result):
    models = [
        api.get_registered_model(found.name)
        for found in pages(lambda token: api.search_registered_models(page_token=token))
    ]
    if SERIES >= 3:  # prompts are left out unless the filter names their tag
        prompts = "tag.`%s` = 'true'" % PROMPT
        models += pages(
            lambda token: api.search_registered_models(filter_string=prompts, page_token=token)
        )
    for model in models:
        aliases = {alias: str(version) for alias, version in model.aliases.items()}
        result["registered_models"][model.name] = {
            "description": model.description,
            "creation_timestamp": model.creation_timestamp,
            "last_updated_timestamp": model.last_updated_timestamp,
            "tags": dict(model._tags),  # `tags` leaves out what marks a prompt
            "aliases": aliases,
        }
        for alias, number in aliases.items():
            if PROMPT in model._tags:
                continue
            if str(api.get_model_version_by_alias(model.name, alias).version) != number:
                raise AssertionError("alias %s of %s" % (alias, model.name))
        read_versions(api, model.name, result)


def read_versions(api, name, result):
    where = "name = '%s'" % name
    filters = [where]
    if SERIES >= 3:
        filters.append(where + " AND tag.`%s` = 'true'" % PROMPT)
    for text in filters:
        for found in pages(lambda token: api.search_model_versions(text, page_token=token)):
            version = found if PROMPT in found.tags else api.get_model_version(name, found.version)
            result["model_versions"]["%s/%s" % (name, version.version)] = model_version(version)


def model_version(version):
    result = {
        "creation_timestamp": version.creation_timestamp,
        "last_updated_timestamp": version.last_updated_timestamp,
        "description": version.description,
        "user_id": version.user_id,
        "current_stage": version.current_stage,
        "source": version.source,
        "run_id": version.run_id,
        "run_link": version.run_link,
        "status": version.status,
        "status_message": version.status_message,
        "tags": dict(version.tags),
        "aliases": sorted(version.aliases),
    }
    if SERIES >= 3:
        result["model_id"] = version.model_id
    return result


def read_logged_models(api, experiments, result):
    active = [item.experiment_id for item in experiments if item.lifecycle_stage == "active"]
    if not active:
        return
    for found in pages(
        lambda token: api.search_logged_models(active, max_results=50, page_token=token)
    ):
        model = api.get_logged_model(found.model_id)
        result["logged_models"][model.model_id] = logged_model(api, model)


def logged_model(api, model):
    return {
        "experiment_id": model.experiment_id,
        "name": model.name,
        "model_type": model.model_type,
        "source_run_id": model.source_run_id,
        "status": model.status.value,
        "status_message": model.status_message,
        "artifact_location": model.artifact_location,
        "creation_timestamp": model.creation_timestamp,
        "last_updated_timestamp": model.last_updated_timestamp,
        "params": dict(model.params),
        "tags": dict(model.tags),
        "metrics": sorted(
            [item.key, *point(item), item.run_id, item.dataset_name, item.dataset_digest]
            for item in model.metrics or []
        ),
        "artifacts": logged_model_artifacts(api, model),
    }


def logged_model_artifacts(api, model):
    return artifacts(
        lambda path: api.list_logged_model_artifacts(model.model_id, path),
        lambda target: mlflow.artifacts.download_artifacts(
            artifact_uri=model.artifact_location, dst_path=target
        ),
    )


def read_traces(api, experiments, result):
    for item in experiments:
        if item.lifecycle_stage == "deleted":
            continue
        for trace in pages(
            lambda token: api.search_traces(locations=[item.experiment_id], page_token=token)
        ):
            info = trace.info
            result["traces"][info.trace_id] = {
                "experiment_id": info.experiment_id,
                "state": str(info.state.value),
                "request_time": info.request_time,
                "execution_duration_ms": info.execution_duration,
                "request_preview": info.request_preview,
                "response_preview": info.response_preview,
            }


if __name__ == "__main__":
    main(answer)
