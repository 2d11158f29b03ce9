"""gunicorn's worker of threads, which gives no thread to a request that is not there yet.

A thread that waits for the rest of a request answers nobody else: a dozen clients that
send half of one would silence the site. Headers and small bodies are therefore collected
by the one thread that watches all sockets, with a deadline. Large bodies are read by
threads of their own, at a pace.
"""

from __future__ import annotations

import contextlib
import selectors
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from qunce.cli import request_buffer
from qunce.cli.request_buffer import ArrivingRequest, Pace, State
from qunce.core.sqlite import base as sqlite_base

SECONDS_TO_SEND = 120.0
"""For a piece of the response; a client that does not read it is disconnected."""
SECONDS_FOR_A_LOCK = 10.0
"""After that, a request that writes is answered with 503."""
BYTES_PER_READ = 64 * 1024
REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"Connection: close\r\nContent-Length: 0\r\n\r\n"
)


class PacedReader(SocketUnreader):  # type: ignore[misc]
    """Reads what has not been collected yet, as long as it keeps coming."""

    def __init__(self, sock: Any) -> None:
        super().__init__(sock)
        self.pace = Pace(time.monotonic())

    def chunk(self, size_hint: int | None = None) -> bytes:
        left = self.pace.seconds_left(time.monotonic())
        if left <= 0:
            raise TimeoutError("the request arrives too slowly")
        self.sock.settimeout(left)
        try:
            data: bytes = super().chunk(size_hint)
        finally:
            self.sock.settimeout(SECONDS_TO_SEND)
        self.pace.received += len(data)
        return data


class Worker(ThreadWorker):  # type: ignore[misc]
    def init_process(self) -> None:
        self.arriving: dict[TConn, ArrivingRequest] = {}
        self.arrived: dict[TConn, bytes] = {}
        # As many as for other requests, so that neither keep the other waiting.
        self.body_pool = self.get_thread_pool()
        super().init_process()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        # Somebody is waiting for the answer, and other requests for the thread.
        return ThreadPoolExecutor(
            self.cfg.threads,
            initializer=sqlite_base.wait_at_most,
            initargs=(SECONDS_FOR_A_LOCK,),
        )

    def accept(self, listener: Any) -> None:
        try:
            sock, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        self.collect(TConn(self.cfg, sock, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: TConn, client: Any) -> None:
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self.collect(conn)

    def finish_request(self, conn: TConn, future: Future[Any]) -> None:
        keeps_alive = not future.cancelled() and not future.exception()
        if keeps_alive and future.result() is True:
            # Of the next request, which came together with this one.
            data = conn.parser.unreader.take_buffered()
            if data:
                self.collect(conn, data)
                return
        super().finish_request(conn, future)

    def collect(self, conn: TConn, data: bytes = b"") -> None:
        """Read from a connection whenever something arrives, without waiting for it."""
        conn.sock.settimeout(0)
        deadline = time.monotonic() + request_buffer.SECONDS_TO_ARRIVE
        self.arriving[conn] = ArrivingRequest(deadline)
        self.poller.register(
            conn.sock, selectors.EVENT_READ, partial(self.on_data, conn)
        )
        if data:
            self.add(conn, data)

    def on_data(self, conn: TConn, _client: Any) -> None:
        try:
            data = conn.sock.recv(BYTES_PER_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self.add(conn, data)
        else:
            self.drop(conn)

    def add(self, conn: TConn, data: bytes) -> None:
        state = self.arriving[conn].add(data)
        if state is State.REFUSED:
            with contextlib.suppress(OSError):
                conn.sock.send(REFUSAL)
            self.drop(conn)
        elif state is not State.WAITING:
            self.poller.unregister(conn.sock)
            self.arrived[conn] = bytes(self.arriving.pop(conn).data)
            pool = self.body_pool if state is State.LARGE else self.tpool
            future = pool.submit(self.handle, conn)
            future.add_done_callback(
                lambda done: self.method_queue.defer(self.finish_request, conn, done)
            )

    def drop(self, conn: TConn) -> None:
        self.poller.unregister(conn.sock)
        del self.arriving[conn]
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """Called at least every second: disconnect those whose requests are late."""
        now = time.monotonic()
        for conn, request in list(self.arriving.items()):
            # While the worker stops, it waits for requests that have begun only.
            if request.is_late(now) or not (self.alive or request.data):
                self.drop(conn)
            elif self.nr_conns >= self.worker_connections and request.is_slow(now):
                # Otherwise a client with many connections would keep others from opening one.
                # Those that were opened just now have not been read from yet.
                self.drop(conn)

    def handle(self, conn: TConn) -> Any:
        conn.data_ready = True
        conn.init()
        data = self.arrived.pop(conn)
        conn.parser.unreader = PacedReader(conn.sock)
        conn.parser.unreader.unread(data)
        return super().handle(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        conn.sock.settimeout(SECONDS_TO_SEND)
        return super().handle_request(req, conn)
