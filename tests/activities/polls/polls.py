"""Polls that are open, built through the verbs."""

from __future__ import annotations

from typing import Any

from qunce import reactions
from qunce.activities.activities.models import Activity
from qunce.activities.polls import results
from qunce.core.staff.models import Staff
from tests.activities import running
from tests.factories import AT


def open_poll(
    by: Staff, *texts: str, tags: tuple[str, ...] = (), **settings: Any
) -> Activity:
    """A poll without an end; without texts it is about three teas."""
    names = texts or ("Oolong", "Green tea", "Pu’er")
    rows = [
        {"text": text, "tag": tags[place] if place < len(tags) else ""}
        for place, text in enumerate(names)
    ]
    return running.running(by, "poll", settings={"options": rows, **settings})


def vote(activity: Activity, account: int, said: str, at: Any = AT) -> str:
    return running.join(activity, account, at, said=said, key=f"{said}{at}").text


def react() -> None:
    while reactions.CONSUMER.catch_up(at=AT):
        pass


def count(activity: Activity) -> list[int]:
    """The votes for each option."""
    return [share.votes for share in results.collect(activity, AT).shares]
