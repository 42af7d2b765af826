"""Answers requests one after another: a line {"driver", "request", "cwd"} on standard input, a line {"value"} or
{"error": traceback} on file descriptor 3."""

import importlib
import json
import os
import sys
import traceback

from driver import plain

with os.fdopen(3, "w", encoding="utf-8") as answers:
    for line in sys.stdin:
        try:
            order = json.loads(line)
            os.chdir(order["cwd"])
            module = importlib.import_module(order["driver"])
            result = {"value": plain(module.answer(order["request"]))}
        except Exception:
            result = {"error": traceback.format_exc()}
        answers.write(json.dumps(result, allow_nan=False) + "\n")
        answers.flush()
