"""Facts reported through the API: a thousand and one per request, to one server process.

The requests are real HTTP on persistent connections, authenticated with an API key.
"""

from __future__ import annotations

import http.client
import json
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from bench import measure, pages, sessions, sizes
from bench.measure import PER_SECOND, Row
from bench.sessions import Session
from qunce.core import db
from qunce.core.staff import api_keys

KIND = "bench.reported"
BATCHES_GOAL, SINGLES_GOAL = 20_000, 300
"""Facts per second."""
BATCH_SIZE = 1_000
WARM_UP_REQUESTS = 10
CLIENTS = 4
"""Concurrent connections. Each waits for a response before it sends the next request."""
URL_PATH = "/api/v1/facts"


def batches(session: Session) -> None:
    """Measure a thousand facts per request, of existing members, each with a key."""
    count = min(200, max(40, session.workspace.size.imported_facts // BATCH_SIZE // 10))
    bodies = [
        json.dumps(
            {
                "facts": [
                    _fact(key) for key in _member_keys(session, BATCH_SIZE, number)
                ]
            },
            ensure_ascii=False,
        ).encode()
        for number in range(count)
    ]
    rate, times = _measure(session, bodies, facts_per_request=BATCH_SIZE)
    question = "facts reported through the API, 1,000 per request"
    note = f"{count * BATCH_SIZE:,} facts by {CLIENTS} programs; p95 of a request "
    note += f"{times.percentile(95):.0f} ms"
    row = Row("api-batches", question, PER_SECOND, rate, count, goal=BATCHES_GOAL)
    row.note = note
    session.record(row)


def singles(session: Session) -> None:
    """Measure one fact per request, as a web shop would send it.

    Each fact is on the disk before the response is sent.
    """
    count = session.workspace.size.repeats * 20
    bodies = [
        json.dumps({"facts": [_fact(key)]}).encode()
        for key in _member_keys(session, count)
    ]
    rate, times = _measure(session, bodies, facts_per_request=1)
    question = "facts reported through the API, one per request"
    note = f"{count:,} requests by {CLIENTS} programs; p95 of a request "
    note += f"{times.percentile(95):.0f} ms"
    row = Row("api-singles", question, PER_SECOND, rate, count, goal=SINGLES_GOAL)
    row.note = note
    session.record(row)


def _fact(member_key: str) -> dict[str, object]:
    return {
        "kind": KIND,
        "member_key": member_key,
        "happened_at": sizes.AT.isoformat(),
        "payload": {"page": "autumn", "seconds": 12},
        "key": secrets.token_hex(8),
    }


def _member_keys(session: Session, count: int, start: int = 0) -> list[str]:
    """Return keys of members from all over the community, some of them repeated."""
    rows = db.rows(
        "SELECT key FROM members_account WHERE community_id = %s AND erased_at IS NULL"
        " AND id %% %s = 0 ORDER BY id LIMIT %s",
        [
            session.community.pk,
            max(1, session.workspace.size.members // 20_000),
            20_000,
        ],
    )
    keys = [row[0] for row in rows]
    return [keys[(7_919 * start + 31 * n) % len(keys)] for n in range(count)]


def _measure(
    session: Session, bodies: Sequence[bytes], *, facts_per_request: int
) -> tuple[float, measure.Times]:
    """Return facts per second and the times of the requests in milliseconds.

    Fails unless all facts were recorded.
    """
    before = _count_facts()
    with pages.serve(session) as site:
        token = _create_token(session)
        lock, times = threading.Lock(), list[float]()
        # The first requests import modules and open database connections.
        _send_all(site.url, token, iter(bodies[:WARM_UP_REQUESTS]), lock, [])
        args = (site.url, token, iter(bodies[WARM_UP_REQUESTS:]), lock, times)
        threads = [
            threading.Thread(target=_send_all, args=args) for _n in range(CLIENTS)
        ]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - start
    recorded, expected = _count_facts() - before, len(bodies) * facts_per_request
    sessions.check_equal("facts reported", recorded=recorded, expected=expected)
    rate = (len(bodies) - WARM_UP_REQUESTS) * facts_per_request / seconds
    return rate, measure.Times(times)


def _send_all(
    url: str,
    token: str,
    bodies: Iterator[bytes],
    lock: threading.Lock,
    times: list[float],
) -> None:
    """Send the bodies that other threads have not taken; append each request's time."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    while True:
        with lock:
            body = next(bodies, None)
        if body is None:
            connection.close()
            return
        start = time.perf_counter()
        connection.request("POST", URL_PATH, body, headers)
        response = connection.getresponse()
        content = response.read()
        assert response.status == 200, content
        times.append((time.perf_counter() - start) * 1000)


def _create_token(session: Session) -> str:
    by = pages.owner(session)
    _key, token = api_keys.create(
        name="bench", scopes=["facts:write"], staff=by, by=by, at=sizes.AT
    )
    return token


def _count_facts() -> int:
    kind = db.rows(
        "SELECT id FROM core_interned_name WHERE namespace = 'kind' AND name = %s",
        [KIND],
    )
    if not kind:
        return 0
    sql = "SELECT COUNT(*) FROM core_fact WHERE kind_id = %s"
    return int(db.rows(sql, [kind[0][0]])[0][0])
