"""Pages of the console through HTTP, as a browser requests them, in one session.

The server is `qunce serve` in a process of its own, with its worker loops and the clock
of the generated community, so that the last 28 days have facts.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings
from django.test import Client

from bench import measure, sizes
from bench.measure import Row
from bench.sessions import Session
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import models as account_models
from qunce.members.layers import layers
from qunce.members.segments import segments
from qunce.members.tags import library

PAGE_GOAL_MS, BUILDER_GOAL_MS = 200, 150
LOGIN = "bench-owner"
SEGMENT = "bench-pages"
RULE = {
    "all": [
        {"tag": {"any": ["tag-1", "tag-2"]}},
        {"did": {"kind": "order.paid", "times": {"gte": 2}, "within": "30d"}},
        {"not": {"did": {"kind": "send.delivered", "within": "3d"}}},
    ]
}


@dataclass
class Site:
    url: str
    client: httpx.Client
    process: subprocess.Popen[bytes]

    def get(self, path: str) -> httpx.Response:
        response = self.client.get(self.url + path)
        assert response.status_code == 200, (path, response.status_code)
        return response


def owner(session: Session) -> Staff:
    found = Staff.objects.filter(login=LOGIN).order_by("pk").first()
    return found or staff_models.create(
        community=session.community, login=LOGIN, at=sizes.AT, role="owner"
    )


def sign_in(by: Staff) -> dict[str, str]:
    browser = Client()
    browser.force_login(by, backend="django.contrib.auth.backends.ModelBackend")
    return {name: morsel.value for name, morsel in browser.cookies.items()}


def _environment() -> dict[str, str]:
    """An environment with a secret key, since loading has emptied the data directory."""
    ours = {"QUNCE_ALLOWED_HOSTS": "127.0.0.1", "QUNCE_SECRET_KEY": settings.SECRET_KEY}
    return {**os.environ, **ours}


@contextmanager
def serve(session: Session) -> Iterator[Site]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    cookies = sign_in(owner(session))
    command = [sys.executable, "-m", "bench.child", "web", str(port)]
    process = subprocess.Popen(command, env=_environment())
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for_server(url, process)
        with httpx.Client(cookies=cookies, timeout=60) as client:
            yield Site(url, client, process)
    finally:
        process.terminate()
        process.wait(30)


def _wait_for_server(url: str, process: subprocess.Popen[bytes]) -> None:
    for _try in range(600):
        assert process.poll() is None, "the server has ended"
        try:
            httpx.get(url + "/healthz", timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not answer")


def paths(session: Session) -> dict[str, str]:
    """Paths of the pages, for the largest objects of the community."""
    here = session.community
    account = account_models.Account.objects.filter(community=here, present=True)
    member = account.order_by("-pk")[session.workspace.size.members // 2]
    tag = library.list_tags(here).order_by("pk")[0]
    group = groups.list_all(here).order_by("pk")[0]
    layering = layers.list_active(here)[0]
    segment = find_segment(session)
    rule = json.dumps(RULE, separators=(",", ":"))
    return {
        "Today": "/",
        "members": "/members/",
        "members, a rule": f"/members/?rule={rule}",
        "members, a name searched": f"/members/?q={member.name[:2]}",
        "members, pinyin searched": "/members/?q=wang",
        "members by net spend": "/members/?sort=-spend",
        "members by last order": "/members/?sort=last_order",
        "members by layer": f"/members/?sort=layer:{layering.key}",
        "members by staff": "/members/?sort=staff&columns=staff,spend,last_contact",
        "a member": f"/members/{member.pk}/",
        "search": f"/search/?q={member.name[:2]}",
        "tags": "/members/tags/",
        "a tag": f"/members/tags/{tag.pk}/",
        "tag report": "/members/tags/report/",
        "segments": "/members/segments/",
        "a segment in the builder": f"/members/segments/{segment.pk}/",
        "layers": "/members/layers/",
        "a layering": f"/members/layers/{layering.pk}/",
        "imports": "/members/import/",
        "campaigns": "/outreach/",
        "staff tasks": "/outreach/tasks/",
        "orders": "/sales/orders/",
        "groups": "/groups/",
        "a group": f"/groups/{group.pk}/",
        "numbers": "/insight/",
        "groups compared": "/insight/groups/",
        "peak hours": "/insight/hours/",
        "my account": "/settings/",
        "staff": "/settings/staff/",
        "audit log": "/settings/audit-log/",
    }


def find_segment(session: Session) -> segments.Segment:
    found = segments.Segment.objects.filter(community=session.community, key=SEGMENT)
    keys = [tag.key for tag in library.list_tags(session.community).order_by("pk")[:2]]
    rule = {"all": [{"tag": {"any": keys}}, *RULE["all"][1:]]}
    return found.order_by("pk").first() or segments.create(
        community=session.community, key=SEGMENT, rule=rule, by=session.by, at=sizes.AT
    )


def pages(session: Session) -> None:
    """Request each page equally often; the row has the slowest page's 95th percentile."""
    worst: tuple[str, measure.Times] | None = None
    workspace, visits = paths(session), session.workspace.size.visits
    workspace["members, a rule"] = f"/members/?segment={find_segment(session).pk}"
    with serve(session) as site:
        first = measure.repeat(_getter(site, "/"), 1).each[0]
        session.record(
            Row("pages-first", "the first page after a start", "ms", first, 1)
        )
        for name, path in workspace.items():
            times = measure.repeat(_getter(site, path), visits, warm=min(2, visits))
            session.record(
                measure.row(f"page-{name}", f"page: {name}", times, goal=PAGE_GOAL_MS)
            )
            if worst is None or times.percentile(95) > worst[1].percentile(95):
                worst = name, times
        memory = memory_of(site)
    assert worst
    what = f"any page of the console through HTTP (the slowest: {worst[0]})"
    session.record(measure.row("pages", what, worst[1], goal=PAGE_GOAL_MS))
    session.record(
        Row("pages-memory", "… memory of the server afterwards", "B", memory, 1)
    )


def builder(session: Session) -> None:
    """Request the numbers of every line after each of many different keystrokes."""
    segment = find_segment(session)
    with serve(session) as site:
        page = site.get(f"/members/segments/{segment.pk}/")
        headers = {"X-CSRFToken": page.cookies.get("csrftoken") or _token(page.text)}
        rules = _edited_rules(segment.rule)

        def ask() -> Any:
            response = site.client.post(
                f"{site.url}/members/segments/counts/",
                data={"rule": json.dumps(next(rules))},
                headers=headers,
            )
            assert response.status_code == 200, response.status_code
            return response

        times = measure.repeat(ask, session.workspace.size.visits, warm=2)
    what = "builder: numbers of all lines after a keystroke, each another rule"
    session.record(measure.row("builder", what, times, goal=BUILDER_GOAL_MS))


def _edited_rules(rule: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rules as if somebody typed one number after another into the second clause."""
    first, did, last = rule["all"]
    for number in itertools.count(1):
        times = {"gte": number % 9 + 1}
        clause = {"did": {**did["did"], "times": times, "within": f"{number + 20}d"}}
        yield {"all": [first, clause, last]}


def _token(page: str) -> str:
    found = re.search(r'"X-CSRFToken": "(\w+)"', page)
    assert found
    return found.group(1)


def _getter(site: Site, path: str) -> Callable[[], Any]:
    return lambda: site.get(path)


def workers_of(site: Site) -> list[int]:
    """The process ids of gunicorn's workers."""
    pid = site.process.pid
    children = subprocess.run(
        ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return [int(child) for child in children] or [pid]


def memory_of(site: Site) -> int:
    """Bytes of memory that all processes of the server use."""
    own = [
        measure.memory(pid)["VmRSS"] for pid in (site.process.pid, *workers_of(site))
    ]
    return sum(own)


def cpu_of(site: Site) -> float:
    """The seconds of CPU that the processes of the server have used."""
    return sum(map(measure.cpu_seconds, workers_of(site)))
