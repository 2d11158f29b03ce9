from __future__ import annotations

import contextlib
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
from tests.cli.runner import in_own_process
from tests.server_process import SECONDS_TO_START, ServerProcess, serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with serving(home.migrated(tmp_path)) as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for all tests that only send requests."""
    folder = tmp_path_factory.mktemp("site")
    with serving(home.migrated(folder)) as server:
        server.wait_for_health()
        yield server


def test_imported_members_are_counted_and_tagged_while_it_serves(
    site: ServerProcess, tmp_path: Path
) -> None:
    path = tmp_path / "members.csv"
    path.write_text("key,name,joined_at\nann,Ann,2026-03-05 09:30\n")
    imported = in_own_process(
        site.home, "import", str(path), "--as", "members", "--json"
    )
    assert imported.code == 0, imported.errors
    site.wait_for_health(lag=0)
    rule = '{"tag": {"any": ["joined:2026-03"]}}'
    deadline = time.monotonic() + SECONDS_TO_START
    answer = in_own_process(site.home, "audience", "count", rule, "--json")
    while answer.code and time.monotonic() < deadline:
        answer = in_own_process(site.home, "audience", "count", rule, "--json")
    assert answer.json["count"] == 1


def test_restoring_into_a_home_with_a_server_is_refused(site: ServerProcess) -> None:
    backup = site.home / "backup.zip"
    assert in_own_process(site.home, "backup", str(backup)).code == 0
    restored = in_own_process(site.home, "restore", str(backup), "--force")
    assert restored.code == 4
    site.wait_for_health()


def json_lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def test_each_request_is_one_line_without_its_query_until_a_signal_ends_it(
    server: ServerProcess,
) -> None:
    """S6: structured, with the id of the response, and without personal data."""
    server.wait_for_health(ok=True, lag=0)
    long = "x" * 7_000
    answer = server.request(
        f"/members/?q=13800001111&rule={long}", **{"X-Request-ID": "of-the-proxy"}
    )
    assert answer.headers["X-Request-ID"] == "of-the-proxy"
    server.request("/nowhere/13800001111", **{"X-Request-ID": "two words"})
    output = server.stop(signal.SIGINT)
    assert server.process.returncode == 0, output
    assert re.match(r"Serving on \S+ until Ctrl-C\.\n|\S+ \S+ .*\n", output), output
    others = [line for line in output.splitlines()[1:] if not line.startswith("{")]
    assert others == []
    with pytest.raises(httpx.TransportError):
        server.get_json("/healthz")
    first, second = [line for line in json_lines(output) if line["event"] == "request"]
    assert first["request_id"] == "of-the-proxy"
    assert first["status"] == answer.status_code == 302
    assert re.fullmatch("[0-9a-f]{16}", second["request_id"])
    assert second["status"] == 404
    assert "13800001111" not in output


def test_static_files_are_compressed_and_cached_for_long(site: ServerProcess) -> None:
    page = site.request("/nowhere").text
    linked = re.findall(r'href="(/static/\S+\.css)"', page)
    assert linked
    for path in linked:
        assert re.search(r"\.[0-9a-f]{12}\.css$", path)
        answer = site.request(path, **{"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]


def test_metrics_are_for_this_machine_and_not_through_a_proxy(
    site: ServerProcess,
) -> None:
    site.wait_for_health(lag=0)
    metrics = site.request("/metrics").text
    assert "qunce_facts_waiting 0.0" in metrics
    assert "qunce_healthy 1.0" in metrics
    assert re.search(r'qunce_requests_total\{.*route="healthz"', metrics)
    assert site.request("/metrics", **{"X-Forwarded-For": "1.2.3.4"}).status_code == 403


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """`qunce web` with a token for metrics."""
    folder = home.migrated(tmp_path_factory.mktemp("web"))
    with serving(folder, "web", QUNCE_METRICS_TOKEN="secret") as web:
        web.wait_for_response()
        yield web
        web.stop()
        assert web.process.returncode == 0


def test_metrics_are_for_clients_with_the_token(web: ServerProcess) -> None:
    assert web.request("/metrics").status_code == 403
    wrong = web.request("/metrics", Authorization="Bearer secre")
    assert wrong.status_code == 403
    right = web.request("/metrics", Authorization="Bearer secret")
    assert right.status_code == 200


def test_web_and_worker_share_the_work(web: ServerProcess) -> None:
    """`web` only answers requests; `worker` does the background work."""
    path = web.home / "members.csv"
    path.write_text("key,name,joined_at\nann,Ann,2026-03-05 09:30\n")
    in_own_process(web.home, "import", str(path), "--as", "members")
    time.sleep(2)
    health = web.get_json("/healthz")
    assert health["lag"] > 0
    assert health["last_run_at"] is None
    with serving(web.home, "worker") as worker:
        deadline = time.monotonic() + SECONDS_TO_START
        # Its own jobs record further facts after it has caught up once.
        while lag := web.get_json("/healthz")["lag"]:
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        printed = worker.stop()
        assert lag == 0, printed
        assert worker.process.returncode == 0


HALF_SENT = (
    b"GET /healthz HTTP/1.1\r\nHost: loc",
    b"POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\nlogin=",
    b"POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\nlog",
    b"POST /api/v1/facts/stream HTTP/1.1\r\nHost: localhost\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nff\r\n{",
)


def test_half_sent_requests_keep_nobody_waiting(site: ServerProcess) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(4 * 12):
            half_sent = stack.enter_context(site.connect())
            half_sent.sendall(HALF_SENT[number % len(HALF_SENT)])
        for _ in range(3):
            assert httpx.get(site.url + "/healthz", timeout=5).status_code == 200


def test_requests_in_pieces_or_several_at_once_are_answered(
    site: ServerProcess,
) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with site.connect() as connection:
        for index in range(len(request)):
            connection.sendall(request[index : index + 1])
        connection.sendall(request + request[:20])
        connection.sendall(
            request[20:].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        )
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 3
