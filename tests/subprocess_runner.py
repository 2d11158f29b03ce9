"""Runs a function of the tests in another process, on the same databases.

    with subprocess_runner.running("tests.test_concurrency:move", key, 3) as child: …

The child is a real process, which shares no memory and no connection with its parent.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import django

DATABASES = "QUNCE_TEST_DATABASES"
TIMEOUT_SECONDS = 600


def start(function: str, *args: Any) -> subprocess.Popen[str]:
    """`function` is `module:name`; its arguments go as JSON, its result is printed."""
    from django.db import connections

    names = {
        alias: str(connections[alias].settings_dict["NAME"]) for alias in connections
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.subprocess_runner", function, json.dumps(args)],
        env=os.environ | {DATABASES: json.dumps(names)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def running(function: str, *args: Any) -> Iterator[subprocess.Popen[str]]:
    process = start(function, *args)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def result(process: subprocess.Popen[str]) -> Any:
    """Return the result of the function; fails if it raised an error."""
    output, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0, f"ended with {process.returncode}"
    return json.loads(output.splitlines()[-1])


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
    django.setup()
    from django.db import connections

    for alias, name in json.loads(os.environ[DATABASES]).items():
        connections[alias].settings_dict["NAME"] = name
    module, function_name = sys.argv[1].split(":")
    function = getattr(importlib.import_module(module), function_name)
    print(json.dumps(function(*json.loads(sys.argv[2]))), flush=True)


if __name__ == "__main__":
    main()
