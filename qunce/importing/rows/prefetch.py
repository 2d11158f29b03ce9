"""Parses rows while earlier rows are written, so that both use a core of their own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from django.utils import translation

Item = TypeVar("Item")
END = object()
OFFER_TIMEOUT = 0.2
"""Seconds after which a producer checks whether its consumer has stopped."""


def iterate(create: Callable[[], Iterator[Item]], limit: int) -> Iterator[Item]:
    """Yield the items of `create()`, which a thread produces up to `limit` ahead.

    The thread must not use the database. Its errors are raised here.
    """
    # Bounded, so that a fast parser cannot fill the memory with chunks.
    items: queue.Queue[Any] = queue.Queue(limit)
    stop = threading.Event()
    language = translation.get_language()

    def offer(item: Any) -> bool:
        """Queue an item; returns False if the consumer has stopped."""
        while not stop.is_set():
            try:
                items.put(item, timeout=OFFER_TIMEOUT)
            except queue.Full:
                continue
            return True
        return False

    def produce() -> None:
        last: Any = END
        try:
            # A new thread has no language, but problems are sentences for people.
            with translation.override(language):
                for item in create():
                    if not offer(item):
                        return
        except Exception as error:
            last = error
        offer(last)

    # A daemon: an iterator that is never closed must not keep the process from ending.
    producer = threading.Thread(target=produce, daemon=True)
    producer.start()
    try:
        while (item := items.get()) is not END:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        # The consumer may stop early, with an error or at a limit. The producer would
        # wait for space in the queue forever.
        stop.set()
        producer.join()
