"""Runs the scenes on a real homeserver and prints each with its result.

python -m tests.matrix [arguments for pytest]

Some are larger here than in `make test`, such as the raid of 60.
"""

from __future__ import annotations

import os
import sys

import pytest


class Scenes:
    """Prints the first line of a scene's docstring, what became of it, and how long."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        is_end = report.when == "call" or report.outcome != "passed"
        if is_end:
            title = dict(report.user_properties).get("scene", report.nodeid)
            print(f"{report.outcome:>7}  {report.duration:5.1f} s  {title}", flush=True)
        if report.failed:
            print(report.longreprtext, flush=True)
        if report.when == "teardown":
            for name, figure in report.user_properties:
                if name == "figure":
                    print(f"{'':18}{figure}", flush=True)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        function = getattr(item, "function", None)
        title = (getattr(function, "__doc__", "") or item.name).strip().splitlines()[0]
        item.user_properties.append(("scene", title))


if __name__ == "__main__":
    os.environ.setdefault("QUNCE_MATRIX_FULL", "1")
    arguments = ["tests/matrix", "-q", "-p", "no:terminalreporter", *sys.argv[1:]]
    sys.exit(pytest.main(arguments, plugins=[Scenes()]))
