"""Runs several threads at the same time, each with its own database connection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connections

Result = TypeVar("Result")
SECONDS = 600
"""After which a thread counts as stuck, on a machine that is busy with other things."""


def run(*tasks: Callable[[], Result]) -> list[Result]:
    """Start all tasks at the same moment; returns their results or raises an error."""
    barrier = threading.Barrier(len(tasks))
    results: dict[int, Result] = {}
    errors: list[Exception] = []

    def work(number: int, task: Callable[[], Result]) -> None:
        try:
            barrier.wait(SECONDS)
            results[number] = task()
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=item) for item in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    if errors:
        raise errors[0]
    return [results[number] for number in range(len(tasks))]
