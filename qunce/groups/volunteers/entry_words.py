"""The word by which volunteers let people in whom the gate has asked: `!in` and the name."""

from __future__ import annotations

import re
from datetime import datetime

from qunce.core import errors
from qunce.core.staff import models as staff_models
from qunce.groups import chat_words
from qunce.groups.entry import requests
from qunce.groups.entry.models import EntryRequest, State
from qunce.groups.groups import Group
from qunce.groups.volunteers import rights
from qunce.groups.volunteers.rights import Right
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account

COMMAND = re.compile(r"[!！](?:in|放行)\s+(\S.{0,199})", re.IGNORECASE)


def let_in(*, group: Group, volunteer: int, text: str, at: datetime) -> bool:
    """Let somebody in by a volunteer's word; False if it is no such word.

    A name that several waiting people have lets nobody in.
    """
    match = COMMAND.fullmatch(text.strip())
    if match is None:
        return False
    if not rights.may(group=group, account=volunteer, right=Right.LET_IN):
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
