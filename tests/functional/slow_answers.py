"""Answers of the server that arrive only when a test lets them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def slow_answer(page: Any, address: str) -> Iterator[None]:
    """Hold back what is asked of addresses like this until the block has ended."""
    held: list[Any] = []
    page.route(address, lambda route: held.append(route))
    with page.expect_request(address):
        yield
    assert held
    for route in held:
        route.continue_()
    page.unroute(address)
