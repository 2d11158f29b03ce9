"""Every page of the console through HTTP, as a browser asks: one server, one session.

The server is `qunce serve`'s own, with the beats beside, in a process of its own; its
clock is the made community's, so the last 28 days are full of facts.
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
from bench.run import Run
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import models as account_models
from qunce.members.layers import layers
from qunce.members.segments import segments
from qunce.members.tags import library

ANY_PAGE, BUILDER = 200, 150
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
        answer = self.client.get(self.url + path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer


def owner(it: Run) -> Staff:
    found = Staff.objects.filter(login=LOGIN).order_by("pk").first()
    return found or staff_models.create(
        community=it.community, login=LOGIN, at=sizes.AT, role="owner"
    )


def signed_in(by: Staff) -> dict[str, str]:
    browser = Client()
    browser.force_login(by, backend="django.contrib.auth.backends.ModelBackend")
    return {name: morsel.value for name, morsel in browser.cookies.items()}


def _around() -> dict[str, str]:
    """Our key, as loading has emptied the folder where another would be looked for."""
    ours = {"QUNCE_ALLOWED_HOSTS": "127.0.0.1", "QUNCE_SECRET_KEY": settings.SECRET_KEY}
    return {**os.environ, **ours}


@contextmanager
def served(it: Run) -> Iterator[Site]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    cookies = signed_in(owner(it))
    command = [sys.executable, "-m", "bench.child", "web", str(port)]
    process = subprocess.Popen(command, env=_around())
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process)
        with httpx.Client(cookies=cookies, timeout=60) as client:
            yield Site(url, client, process)
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _try in range(600):
        assert process.poll() is None, "the server has ended"
        try:
            httpx.get(url + "/healthz", timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not answer")


def paths(it: Run) -> dict[str, str]:
    """What a person would open, on the largest things there are."""
    here = it.community
    account = account_models.Account.objects.filter(community=here, present=True)
    member = account.order_by("-pk")[it.where.size.members // 2]
    tag = library.list_tags(here).order_by("pk")[0]
    group = groups.list_all(here).order_by("pk")[0]
    layering = layers.list_active(here)[0]
    segment = _segment(it)
    rule = json.dumps(RULE, separators=(",", ":"))
    return {
        "Today": "/",
        "members": "/members/",
        "members, a rule": f"/members/?rule={rule}",
        "members, a name searched": f"/members/?q={member.name[:2]}",
        "members, pinyin searched": "/members/?q=wang",
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
        "my account": "/settings/",
        "staff": "/settings/staff/",
        "audit log": "/settings/audit-log/",
    }


def _segment(it: Run) -> segments.Segment:
    found = segments.Segment.objects.filter(community=it.community, key=SEGMENT)
    known = [tag.key for tag in library.list_tags(it.community).order_by("pk")[:2]]
    rule = {"all": [{"tag": {"any": known}}, *RULE["all"][1:]]}
    return found.order_by("pk").first() or segments.create(
        community=it.community, key=SEGMENT, rule=rule, by=it.by, at=sizes.AT
    )


def pages(it: Run) -> None:
    """Each page as often; the row's figure is the slowest page's 95th percentile."""
    worst: tuple[str, measure.Times] | None = None
    where, visits = paths(it), it.where.size.visits
    where["members, a rule"] = f"/members/?segment={_segment(it).pk}"
    with served(it) as site:
        first = measure.repeat(_asking(site, "/"), 1).each[0]
        it.tell(Row("pages-first", "the first page after a start", "ms", first, 1))
        for name, path in where.items():
            times = measure.repeat(_asking(site, path), visits, warm=2)
            it.tell(measure.row(f"page-{name}", f"page: {name}", times, goal=ANY_PAGE))
            if worst is None or times.percentile(95) > worst[1].percentile(95):
                worst = name, times
        memory = measure.memory(_worker(site.process.pid))["VmRSS"]
    assert worst
    what = f"any page of the console through HTTP (the slowest: {worst[0]})"
    it.tell(measure.row("pages", what, worst[1], goal=ANY_PAGE))
    it.tell(Row("pages-memory", "… memory of the server afterwards", "B", memory, 1))


def builder(it: Run) -> None:
    """The numbers of every line after each of many different keystrokes."""
    segment = _segment(it)
    with served(it) as site:
        page = site.get(f"/members/segments/{segment.pk}/")
        head = {"X-CSRFToken": page.cookies.get("csrftoken") or _token(page.text)}
        asks = iter(_typed(segment.rule))

        def ask() -> Any:
            given = {"rule": json.dumps(next(asks))}
            answer = site.client.post(
                f"{site.url}/members/segments/numbers/", data=given, headers=head
            )
            assert answer.status_code == 200, answer.status_code
            return answer

        times = measure.repeat(ask, it.where.size.visits, warm=2)
    what = "builder: numbers of all lines after a keystroke, each another rule"
    it.tell(measure.row("builder", what, times, goal=BUILDER))


def _typed(rule: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """As if somebody tried one number after another in the second clause."""
    first, did, last = rule["all"]
    for number in itertools.count(1):
        times = {"gte": number % 9 + 1}
        clause = {"did": {**did["did"], "times": times, "within": f"{number + 20}d"}}
        yield {"all": [first, clause, last]}


def _token(page: str) -> str:
    found = re.search(r'"X-CSRFToken": "(\w+)"', page)
    assert found
    return found.group(1)


def _asking(site: Site, path: str) -> Callable[[], Any]:
    return lambda: site.get(path)


def _worker(pid: int) -> int:
    """gunicorn's only child does the work."""
    children = subprocess.run(
        ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return int(children[0]) if children else pid
