"""Which connections the worker closes when it has as many as it takes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from qunce.cli import request_buffer
from qunce.cli.http_worker import Worker
from qunce.cli.request_buffer import ArrivingRequest

LIMIT = 2


@pytest.mark.parametrize(("open_now", "closed"), [(LIMIT, ["slow"]), (LIMIT - 1, [])])
def test_slow_requests_make_room_and_new_ones_are_read(
    open_now: int, closed: list[str]
) -> None:
    # What was sent on a connection that was accepted just now has not been read yet.
    arrives_until = time.monotonic() + request_buffer.SECONDS_TO_ARRIVE
    dropped: list[Any] = []
    worker = Worker.__new__(Worker)
    worker.alive, worker.nr_conns, worker.worker_connections = True, open_now, LIMIT
    worker.arriving = {
        "slow": ArrivingRequest(arrives_until - request_buffer.SECONDS_WITHOUT_ROOM),
        "new": ArrivingRequest(arrives_until),
    }
    worker.drop = dropped.append  # type: ignore[method-assign, assignment]
    worker.murder_pending()
    assert dropped == closed


def test_a_late_request_is_closed_whether_there_is_room_or_not() -> None:
    dropped: list[Any] = []
    worker = Worker.__new__(Worker)
    worker.alive, worker.nr_conns, worker.worker_connections = True, 1, LIMIT
    worker.arriving = {"late": ArrivingRequest(time.monotonic() - 1)}
    worker.drop = dropped.append  # type: ignore[method-assign, assignment]
    worker.murder_pending()
    assert dropped == ["late"]
