"""A web site on this machine with feeds and pages, kind and hostile ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """`seconds_per_byte` makes it drip; `etag` is compared with If-None-Match."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/rss+xml"
    headers: dict[str, str] = field(default_factory=dict)
    etag: str = ""
    seconds_per_byte: float = 0
    repeat: int = 1


@dataclass
class Site:
    base: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def put(self, path: str, body: str | bytes = b"", **fields: Any) -> str:
        """Publish an answer; returns its address."""
        content = body.encode() if isinstance(body, str) else body
        self.answers[path] = Answer(content, **fields)
        return self.base + path


@contextmanager
def serve() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.requests.append(
                (self.path, {k.lower(): v for k, v in self.headers.items()})
            )
            answer = site.answers.get(self.path, Answer(status=404))
            is_known = answer.etag and self.headers["If-None-Match"] == answer.etag
            self.send_response(304 if is_known else answer.status)
            self.send_header("Content-Type", answer.content_type)
            if answer.etag:
                self.send_header("ETag", answer.etag)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if is_known:
                return
            if answer.seconds_per_byte:
                while not site.stopped.wait(answer.seconds_per_byte):
                    self.wfile.write(b" ")
            for _time in range(answer.repeat):
                self.wfile.write(answer.body)

        def log_message(self, *_args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args: Any) -> None:
            """Readers hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    site.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield site
    finally:
        site.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


def item(number: int, **fields: str) -> str:
    given = {
        "title": f"Entry {number}",
        "link": f"https://news.example/{number}",
        "guid": f"entry-{number}",
        **fields,
    }
    return f"<item>{''.join(f'<{k}>{v}</{k}>' for k, v in given.items() if v)}</item>"


def rss(*items: str, title: str = "Coffee news") -> str:
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>'
        f"{''.join(items)}</channel></rss>"
    )
