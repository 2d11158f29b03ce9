"""Previews: requests of programs that look at a link before, or instead of, a person.

Chat apps fetch a link to show its title, gateways fetch it to look for malware, and
browsers fetch it ahead. None of them is a click. They are distinguished by what they send
and by how fast they are, not by guessing from the address they come from.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

FASTEST_PERSON = timedelta(seconds=2)
"""Nobody gets a message, reads it and opens its link in less."""
AGENT_WORDS = (
    "bot",
    "crawler",
    "spider",
    "preview",
    "facebookexternalhit",
    "whatsapp/",
    "curl/",
    "wget/",
    "python-",
    "go-http-client",
    "okhttp",
    "java/",
    "headlesschrome",
    "safelinks",
    "proofpoint",
    "mimecast",
    "barracuda",
)
"""Words in the user agents of programs. Apps in which people open links, such as WeChat
(`MicroMessenger`) or Telegram, do not have them."""


@dataclass(frozen=True)
class Visit:
    """What a request says about who made it.

    `purpose` are its headers Sec-Purpose, Purpose and X-Purpose. `since_sent` is None if
    the time of sending is unknown.
    """

    method: str
    agent: str
    purpose: str
    since_sent: timedelta | None


def is_by_program(visit: Visit) -> bool:
    agent, purpose = visit.agent.casefold(), visit.purpose.casefold()
    return (
        visit.method != "GET"
        or not agent.strip()
        or any(word in agent for word in AGENT_WORDS)
        or "prefetch" in purpose
        or "preview" in purpose
        or (visit.since_sent is not None and visit.since_sent < FASTEST_PERSON)
    )


MAX_WRITES_PER_MINUTE = 20


@dataclass
class PreviewWrites:
    """Decides when previews are written to the database: hostile traffic writes little.

    The first ones of each link and minute are written as they come, and the others with
    the first of a later minute. So a process that ends may lose some of a link that
    programs requested very often; it counts no person.
    """

    minute: int = 0
    written: Counter[int] = field(default_factory=Counter)
    waiting: Counter[int] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, link: int, at: datetime) -> int:
        """Count a preview; returns how many to write now, 0 for none."""
        minute = int(at.timestamp()) // 60
        with self.lock:
            if minute != self.minute:
                self.minute = minute
                self.written.clear()
            self.waiting[link] += 1
            if self.written[link] >= MAX_WRITES_PER_MINUTE:
                return 0
            self.written[link] += 1
            return self.waiting.pop(link)


WRITES = PreviewWrites()
"""Of this process."""
