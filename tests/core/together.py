"""Several threads at once, each with its own connection, and their errors told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connections

Answer = TypeVar("Answer")


def run(*tasks: Callable[[], Answer]) -> list[Answer]:
    """Starts all at the same moment; returns their answers or raises their error."""
    gate = threading.Barrier(len(tasks))
    answers: dict[int, Answer] = {}
    broken: list[Exception] = []

    def work(number: int, task: Callable[[], Answer]) -> None:
        try:
            gate.wait(30)
            answers[number] = task()
        except Exception as error:
            broken.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=each) for each in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if broken:
        raise broken[0]
    return [answers[number] for number in range(len(tasks))]
