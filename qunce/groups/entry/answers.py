"""What people at the gate write in the chat: answers, and acceptances of rules.

The handler of messages calls `read` in its transaction, once per message.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.groups import chat_words
from qunce.groups.entry import gate_terms, gates, group_rules, requests
from qunce.groups.entry.gate_terms import Verdict
from qunce.groups.entry.models import EntryRequest, GroupRules, State
from qunce.groups.groups import Group, Membership
from qunce.members.accounts import queries as account_queries

MAX_LENGTH = 1_000
"""A longer message is no answer."""


class Meaning(StrEnum):
    """What a message was for the gate; anything else is "" and goes its usual way."""

    ANSWER = "answer"
    ACCEPTANCE = "acceptance"


def read(
    *,
    community: Community,
    account: int,
    group: Group | None,
    text: str,
    at: datetime,
) -> Meaning | None:
    """Take a message as an answer if its author is asked something.

    In a group only right answers count, as people talk there about other things. A
    direct message is an answer in any case.
    """
    if not text.strip() or len(text) > MAX_LENGTH:
        return None
    accounts = account_queries.account_ids_of_person(account)
    request = _find_asked(accounts, group)
    if request is not None and _answer(request, group, text, at):
        return Meaning.ANSWER
    if _accept(community, accounts, account, group, text, at):
        return Meaning.ACCEPTANCE
    return None


def _find_asked(accounts: Sequence[int], group: Group | None) -> EntryRequest | None:
    rows = EntryRequest.objects.filter(account_id__in=accounts, state=State.WAITING)
    if group is not None:
        rows = rows.filter(group=group)
    related = rows.select_related("group__community", "community")
    asked = list(related.order_by("-asked_at", "-pk"))
    return next((row for row in asked if gate_terms.is_asked(row.step)), None)


def _answer(
    request: EntryRequest, group: Group | None, text: str, at: datetime
) -> bool:
    gate = gates.find(request.group)
    if gate is None:
        return False
    if group is not None:
        terms = gates.terms_of(gate, at)
        verdict = gate_terms.judge(terms, request.step, text, attempts=0)
        if verdict != Verdict.ACCEPTED:
            return False
    system = staff_models.system(request.community)
    requests.answer(request=request, text=text, by=system, at=at)
    return True


def _accept(
    community: Community,
    accounts: Sequence[int],
    account: int,
    group: Group | None,
    text: str,
    at: datetime,
) -> bool:
    """Whether the text accepts rules: those of the group, or by a direct message of all."""
    rows = GroupRules.objects.filter(community=community)
    if group is not None:
        rows = rows.filter(group=group)
    words = {word for row in rows.only("accept_words") for word in row.accept_words}
    folded = chat_words.fold(text).strip(" .。!！~～")
    if folded not in {chat_words.fold(word) for word in words}:
        return False
    present = Membership.objects.filter(account_id__in=accounts, present=True)
    inside = Group.objects.filter(pk__in=present.values("group_id"))
    if group is not None:
        inside = inside.filter(pk=group.pk)
    system, accepted = staff_models.system(community), False
    for each in inside.select_related("community").order_by("pk"):
        rules = group_rules.find(each)
        if rules is not None and group_rules.is_acceptance(rules, text):
            accepted |= group_rules.accept(
                group=each, account=account, by=system, at=at
            )
    return accepted
