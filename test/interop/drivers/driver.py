"""What every driver shares: one JSON request in, one JSON answer out, and the client of the store under test.

    python <driver>.py <request.json> <answer.json>

Numbers that JSON lacks are texts: "NaN", "Infinity", "-Infinity", and integers beyond 2**53 as decimal digits.
"""

import json
import math
import sys

import mlflow
from mlflow.tracking import MlflowClient

SERIES = int(mlflow.__version__.split(".")[0])


def main(answer):
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
    result = plain(answer(request))
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(result, file, ensure_ascii=True, allow_nan=False)


def client(uri):
    mlflow.set_tracking_uri(uri)
    if SERIES == 1:  # no registry in files before 2.0
        return MlflowClient(uri)
    mlflow.set_registry_uri(uri)
    return MlflowClient(uri, uri)


def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53 - 1:
        return str(value)
    return value


def number(value):
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def pages(search):
    """All items of a paged search; `search` takes a page token."""
    token = None
    while True:
        page = search(token)
        yield from page
        token = page.token
        if not token:
            return
