"""Calls methods of MlflowClient one after another: for two sides that take turns on one store.

Request: {"uri", "calls": [[method, [positional arguments], {keyword arguments}?], ...]}. Answer: one value per call: ids of
what was made or found (a run's id, an experiment's id, a version's number), else null.
"""

from driver import client, main


def answer(request):
    api = client(request["uri"])
    results = []
    for method, positional, *keywords in request["calls"]:
        made = getattr(api, method)(*positional, **(keywords[0] if keywords else {}))
        results.append(identity(made))
    return results


def identity(made):
    for name in ("info", "experiment_id", "version", "model_id", "name"):
        if hasattr(made, name):
            found = getattr(made, name)
            return found.run_id if name == "info" else found
    return made if isinstance(made, str) else None


if __name__ == "__main__":
    main(answer)
