"""Runs a function of the tests in another process, on the same databases.

    with beside.running("tests.test_concurrency:move", community, 3) as child: …

A real process: it shares no memory and no connection with the one that starts it.
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
SECONDS = 600


def start(function: str, *args: Any) -> subprocess.Popen[str]:
    """`function` is `module:name`; its arguments go as JSON, its result is printed."""
    from django.db import connections

    places = {
        alias: str(connections[alias].settings_dict["NAME"]) for alias in connections
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.beside", function, json.dumps(args)],
        env=os.environ | {DATABASES: json.dumps(places)},
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
    """What the function returned; fails if it raised."""
    output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, f"ended with {process.returncode}"
    return json.loads(output.splitlines()[-1])


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
    django.setup()
    from django.db import connections

    for alias, place in json.loads(os.environ[DATABASES]).items():
        connections[alias].settings_dict["NAME"] = place
    module, name = sys.argv[1].split(":")
    function = getattr(importlib.import_module(module), name)
    print(json.dumps(function(*json.loads(sys.argv[2]))), flush=True)


if __name__ == "__main__":
    main()
