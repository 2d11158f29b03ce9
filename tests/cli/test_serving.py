from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import home
from tests.cli.runner import outside
from tests.served import SECONDS_TO_START, Served, serving


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(home.migrated(tmp_path)) as it:
        yield it


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests that only ask it something."""
    folder = tmp_path_factory.mktemp("site")
    with serving(home.migrated(folder)) as it:
        it.await_health()
        yield it


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_end(served: Served, how: signal.Signals) -> None:
    served.await_health(ok=True, lag=0)
    said = served.end(how)
    assert served.process.returncode == 0, said
    assert re.fullmatch(r"Serving on \S+ until Ctrl-C\.\n|\S+ \S+ .*\n", said), said
    with pytest.raises(httpx.TransportError):
        served.get("/healthz")


def test_what_happened_is_counted_and_followed_while_it_serves(
    site: Served, tmp_path: Path
) -> None:
    path = tmp_path / "members.csv"
    path.write_text("key,name,joined_at\nann,Ann,2026-03-05 09:30\n")
    taken = outside(site.home, "import", str(path), "--as", "members", "--json")
    assert taken.code == 0, taken.complained
    site.await_health(lag=0)
    rule = '{"tag": {"any": ["joined:2026-03"]}}'
    deadline = time.monotonic() + SECONDS_TO_START
    found = outside(site.home, "audience", "count", rule, "--json")
    while found.code and time.monotonic() < deadline:
        found = outside(site.home, "audience", "count", rule, "--json")
    assert found.json["count"] == 1


def test_nobody_restores_into_a_home_that_is_served(site: Served) -> None:
    backup = site.home / "backup.zip"
    assert outside(site.home, "backup", str(backup)).code == 0
    said = outside(site.home, "restore", str(backup), "--force")
    assert said.code == 4
    site.await_health()


def lines(said: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def test_each_request_is_a_line_without_what_was_asked_for(served: Served) -> None:
    """S6: structured, with a number that the answer carries, and nobody's data."""
    served.await_health()
    long = "x" * 7_000
    answer = served.ask(
        f"/members/?q=13800001111&rule={long}", **{"X-Request-ID": "of-the-proxy"}
    )
    assert answer.headers["X-Request-ID"] == "of-the-proxy"
    served.ask("/nowhere/13800001111", **{"X-Request-ID": "two words"})
    said = served.end()
    first, second = [line for line in lines(said) if line["event"] == "request"]
    assert first["request_id"] == "of-the-proxy"
    assert first["status"] == answer.status_code == 302
    assert re.fullmatch("[0-9a-f]{16}", second["request_id"])
    assert second["status"] == 404
    assert "13800001111" not in said


def test_style_and_script_are_compressed_and_kept_for_long(site: Served) -> None:
    page = site.ask("/nowhere").text
    linked = re.findall(r'href="(/static/\S+\.css)"', page)
    assert linked
    for path in linked:
        assert re.search(r"\.[0-9a-f]{12}\.css$", path)
        answer = site.ask(path, **{"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]


def test_metrics_are_told_to_this_machine_and_to_nobody_through_a_proxy(
    site: Served,
) -> None:
    site.await_health(lag=0)
    told = site.ask("/metrics").text
    assert "qunce_facts_waiting 0.0" in told
    assert "qunce_healthy 1.0" in told
    assert re.search(r'qunce_requests_total\{.*route="healthz"', told)
    assert site.ask("/metrics", **{"X-Forwarded-For": "1.2.3.4"}).status_code == 403


def test_metrics_are_told_to_who_shows_the_token(tmp_path: Path) -> None:
    with serving(home.migrated(tmp_path), QUNCE_METRICS_TOKEN="secret") as served:
        served.await_health()
        assert served.ask("/metrics").status_code == 403
        wrong = served.ask("/metrics", Authorization="Bearer secre")
        assert wrong.status_code == 403
        right = served.ask("/metrics", Authorization="Bearer secret")
        assert right.status_code == 200


def test_web_and_worker_share_the_work(tmp_path: Path) -> None:
    """`web` answers and does nothing else; `worker` does it beside."""
    path = tmp_path / "members.csv"
    path.write_text("key,name,joined_at\nann,Ann,2026-03-05 09:30\n")
    home.migrated(tmp_path)
    with serving(tmp_path, "web") as web:
        web.await_answer()
        outside(tmp_path, "import", str(path), "--as", "members")
        time.sleep(2)
        told = web.get("/healthz")
        assert told["lag"] > 0
        assert told["last_run_at"] is None
        with serving(tmp_path, "worker") as worker:
            deadline = time.monotonic() + SECONDS_TO_START
            while web.get("/healthz")["lag"] and time.monotonic() < deadline:
                time.sleep(0.1)
            assert web.get("/healthz")["lag"] == 0
            worker.end()
            assert worker.process.returncode == 0
        web.end()
        assert web.process.returncode == 0
