"""Reads on while the rows before are being written: one core parses, one writes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from django.utils import translation

Item = TypeVar("Item")
END = object()
WAIT = 0.2


def iterate(make: Callable[[], Iterator[Item]], most: int) -> Iterator[Item]:
    """What `make()` yields, up to `most` items ahead, from a thread of its own.

    That thread must not touch the database. An error in it is raised here.
    """
    ready: queue.Queue[Any] = queue.Queue(most)
    stop = threading.Event()
    language = translation.get_language()
    reader = threading.Thread(
        target=_fill, args=(make, ready, stop, language), daemon=True
    )
    reader.start()
    try:
        while (item := ready.get()) is not END:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        reader.join()


def _fill(
    make: Callable[[], Iterator[Any]],
    ready: queue.Queue[Any],
    stop: threading.Event,
    language: str | None,
) -> None:
    last: Any = END
    try:
        with translation.override(language):
            for item in make():
                if not _put(ready, item, stop):
                    return
    except Exception as error:
        last = error
    _put(ready, last, stop)


def _put(ready: queue.Queue[Any], item: Any, stop: threading.Event) -> bool:
    while not stop.is_set():
        try:
            ready.put(item, timeout=WAIT)
        except queue.Full:
            continue
        return True
    return False
