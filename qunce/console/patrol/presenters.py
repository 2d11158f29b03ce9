"""A group on a patrol round as its page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qunce.console import http
from qunce.groups.patrol.rounds import GroupView, Movement, SeenMessage, Unseen
from qunce.members.accounts import masking
from qunce.members.accounts.models import Account


@dataclass(frozen=True)
class Counts:
    """How many groups have something unseen, of how many."""

    left: int
    total: int

    @property
    def done(self) -> int:
        return self.total - self.left


def count(listed: Sequence[Unseen]) -> Counts:
    return Counts(sum(not each.is_quiet for each in listed), len(listed))


def name_all(
    request: http.Request, shown: GroupView
) -> tuple[list[tuple[SeenMessage, str]], list[tuple[Movement, str]]]:
    """The messages and the movements, each with a name or a masked key."""
    everybody: list[SeenMessage | Movement] = [*shown.messages, *shown.movements]
    nameless = {each.account for each in everybody if not each.name}
    keys = dict(Account.objects.filter(pk__in=nameless).values_list("pk", "key"))

    def name_of(account: int, name: str) -> str:
        return name or masking.key(keys.get(account, ""), request.staff)

    return (
        [(each, name_of(each.account, each.name)) for each in shown.messages],
        [(each, name_of(each.account, each.name)) for each in shown.movements],
    )
