"""Reads some experiments of a server, as read_store.py reads a whole store.

Request: {"uri", "names"}. Answer: {"experiments", "runs", "logged_models"}; names that are not there are left out.
"""

from driver import SERIES, client, main, pages
from read_store import experiment, logged_model, read_run, runs_of


def answer(request):
    api = client(request["uri"])
    result = {"experiments": {}, "runs": {}, "logged_models": {}}
    for name in request["names"]:
        item = api.get_experiment_by_name(name)
        if item is None:
            continue
        result["experiments"][item.experiment_id] = experiment(item)
        for run in runs_of(api, item.experiment_id):
            deleted = "deleted" in (item.lifecycle_stage, run.info.lifecycle_stage)
            result["runs"][run.info.run_id] = read_run(api, run, with_artifacts=not deleted)
        if SERIES >= 3 and item.lifecycle_stage == "active":
            for found in pages(
                lambda token: api.search_logged_models(
                    [item.experiment_id], max_results=50, page_token=token
                )
            ):
                model = api.get_logged_model(found.model_id)
                result["logged_models"][model.model_id] = logged_model(api, model)
    return result


if __name__ == "__main__":
    main(answer)
