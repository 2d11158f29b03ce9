"""Facts told through the API: by the thousand, and one by one, to one serving process.

Real HTTP on kept connections, each request by a key; the server counts them meanwhile.
"""

from __future__ import annotations

import http.client
import json
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from bench import measure, pages, run, sizes
from bench.measure import PER_SECOND, Row
from bench.run import Run
from qunce.core import db
from qunce.core.staff import api_keys

KIND = "bench.told"
IN_BATCHES, ONE_BY_ONE = 20_000, 300
BATCH = 1_000
WARM = 10
PROGRAMS = 4
"""Connections at once; each waits for its answer before it asks again."""


def batches(it: Run) -> None:
    """A thousand facts a request, of known members, each with a key of its own."""
    count = min(200, max(40, it.where.size.imported_facts // BATCH // 10))
    bodies = [_batch(it, number) for number in range(count)]
    rate, times = _told(it, "/api/v1/facts", bodies, facts=BATCH)
    question = "facts told through the API, 1,000 a request"
    note = f"{count * BATCH:,} facts by {PROGRAMS} programs; p95 of a request "
    note += f"{times.percentile(95):.0f} ms"
    row = Row("api-batches", question, PER_SECOND, rate, count, goal=IN_BATCHES)
    row.note = note
    it.tell(row)


def singles(it: Run) -> None:
    """One fact a request, as a web shop would; each is on the disk when answered."""
    count = it.where.size.repeats * 20
    keys = _keys(it, count)
    bodies = [
        json.dumps({"facts": [_fact(key, secrets.token_hex(8))]}).encode()
        for key in keys
    ]
    rate, times = _told(it, "/api/v1/facts", bodies, facts=1)
    question = "facts told through the API, one a request"
    note = f"{count:,} requests by {PROGRAMS} programs; p95 of a request "
    note += f"{times.percentile(95):.0f} ms"
    row = Row("api-singles", question, PER_SECOND, rate, count, goal=ONE_BY_ONE)
    row.note = note
    it.tell(row)


def _batch(it: Run, number: int) -> bytes:
    facts = [_fact(key, secrets.token_hex(8)) for key in _keys(it, BATCH, number)]
    return json.dumps({"facts": facts}, ensure_ascii=False).encode()


def _fact(member: str, key: str) -> dict[str, object]:
    happened = sizes.AT.isoformat()
    payload = {"page": "autumn", "seconds": 12}
    about = {"kind": KIND, "member": member, "happened_at": happened}
    return {**about, "payload": payload, "key": key}


def _keys(it: Run, count: int, start: int = 0) -> list[str]:
    """Keys of members, from all over the community, with repetitions."""
    rows = db.rows(
        "SELECT key FROM members_account WHERE community_id = %s AND erased_at IS NULL"
        " AND id %% %s = 0 ORDER BY id LIMIT %s",
        [it.community.pk, max(1, it.where.size.members // 20_000), 20_000],
    )
    keys = [row[0] for row in rows]
    return [keys[(7_919 * start + 31 * n) % len(keys)] for n in range(count)]


def _told(
    it: Run, path: str, bodies: Sequence[bytes], *, facts: int
) -> tuple[float, measure.Times]:
    """Facts a second and the milliseconds of each request; all have to be taken."""
    before = _in_log()
    with pages.served(it) as site:
        waiting, each = iter(bodies[WARM:]), list[float]()
        lock = threading.Lock()
        token = _token(it)
        # The first ones load modules and open connections.
        _ask(site.url, token, path, iter(bodies[:WARM]), lock, [])
        given = (site.url, token, path, waiting, lock, each)
        threads = [threading.Thread(target=_ask, args=given) for _n in range(PROGRAMS)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - start
    run.agree("facts told", taken=_in_log() - before, wanted=len(bodies) * facts)
    return (len(bodies) - WARM) * facts / seconds, measure.Times(each)


def _ask(
    url: str,
    token: str,
    path: str,
    waiting: Iterator[bytes],
    lock: threading.Lock,
    each: list[float],
) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    while True:
        with lock:
            body = next(waiting, None)
        if body is None:
            connection.close()
            return
        start = time.perf_counter()
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 200, said
        each.append((time.perf_counter() - start) * 1000)


def _token(it: Run) -> str:
    by = pages.owner(it)
    _key, token = api_keys.create(
        name="bench", scopes=["facts:write"], staff=by, by=by, at=sizes.AT
    )
    return token


def _in_log() -> int:
    kind = db.rows(
        "SELECT id FROM core_interned_name WHERE namespace = 'kind' AND name = %s",
        [KIND],
    )
    if not kind:
        return 0
    sql = "SELECT COUNT(*) FROM core_fact WHERE kind_id = %s"
    return int(db.rows(sql, [kind[0][0]])[0][0])
