"""What volunteers of a group may do there, although they are no staff.

They let people in whom the gate has asked, by a word in the group: `!in` and the name or
the id. They may not refuse or remove anybody, put nobody on a list, see no other group.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum

from qunce.core import errors
from qunce.core.staff import models as staff_models
from qunce.groups import chat_words
from qunce.groups.entry import requests
from qunce.groups.entry.models import EntryRequest, State
from qunce.groups.groups import Group, Membership
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account

COMMAND = re.compile(r"[!！](?:in|放行)\s+(\S.{0,199})", re.IGNORECASE)


class Right(StrEnum):
    LET_IN = "let_in"


RIGHTS: dict[str, frozenset[Right]] = {
    "owner": frozenset({Right.LET_IN}),
    "volunteer": frozenset({Right.LET_IN}),
}
"""Role in a group → what it allows there, and there only."""


def may(*, group: Group, account: int, right: Right) -> bool:
    """Whether the person has a role in this group that allows it."""
    accounts = account_queries.account_ids_of_person(account)
    rows = Membership.objects.filter(group=group, account_id__in=accounts, present=True)
    roles = rows.values_list("role", flat=True)
    return any(right in RIGHTS.get(role, frozenset()) for role in roles)


def let_in(*, group: Group, volunteer: int, text: str, at: datetime) -> bool:
    """Let somebody in by a volunteer's word; False if it is no such word.

    A name that several waiting people have lets nobody in.
    """
    match = COMMAND.fullmatch(text.strip())
    if match is None:
        return False
    if not may(group=group, account=volunteer, right=Right.LET_IN):
        return False
    wanted = chat_words.fold(match.group(1).lstrip("@"))
    waiting = EntryRequest.objects.filter(group=group, state=State.WAITING)
    rows = list(waiting.select_related("group__community", "community")[:500])
    keys = dict(
        Account.objects.filter(pk__in=[row.account_id for row in rows]).values_list(
            "pk", "key"
        )
    )
    found = [
        row
        for row in rows
        if wanted
        in (
            chat_words.fold(row.name),
            chat_words.fold(keys.get(row.account_id, "").lstrip("@")),
        )
    ]
    own = set(account_queries.account_ids_of_person(volunteer))
    if len(found) != 1 or found[0].account_id in own:
        return False
    system = staff_models.system(group.community)
    try:
        requests.let_in(request=found[0], by=system, at=at)
    except errors.Refused:
        # A full group or the blacklist is for staff; the message is a message.
        return False
    return True
