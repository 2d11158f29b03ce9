"""Looks up the addresses of host names within a time limit.

The system's resolver has no limit that a program can set: it waits for the servers of a
domain, which can belong to anybody. Each look-up has a thread, which is left to itself when
its time is over. There are never more than MAX_THREADS of them.
"""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass, field

MAX_THREADS = 64
"""More than there are parallel calls, as some of these threads are left to themselves."""


class ResolverTimeout(TimeoutError):
    """The host name was not resolved in time."""


_free = threading.BoundedSemaphore(MAX_THREADS)


@dataclass
class _Lookup:
    host: str
    port: int
    done: threading.Event = field(default_factory=threading.Event)
    addresses: list[str] = field(default_factory=list)
    error: BaseException | None = None

    def run(self) -> None:
        try:
            rows = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
            self.addresses = [str(row[4][0]) for row in rows]
        except BaseException as error:
            self.error = error
        finally:
            _free.release()
            self.done.set()


def look_up(host: str, port: int, *, seconds: float) -> list[str]:
    """The IP addresses of a host, at least one.

    Raises OSError or UnicodeError for a name without an address, and ResolverTimeout after
    `seconds`, also if so many other look-ups hang that this one could not begin.
    """
    end = time.monotonic() + seconds
    if not _free.acquire(timeout=max(seconds, 0)):
        raise ResolverTimeout(f"no look-up of {host} could begin within {seconds:g} s")
    lookup = _Lookup(host, port)
    # A daemon: one that hangs does not keep the process from ending.
    thread = threading.Thread(target=lookup.run, name="resolver", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        _free.release()
        raise
    if not lookup.done.wait(max(end - time.monotonic(), 0)):
        raise ResolverTimeout(f"no address of {host} within {seconds:g} s")
    if lookup.error is not None:
        raise lookup.error
    return lookup.addresses
