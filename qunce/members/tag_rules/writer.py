"""Writing of planned changes: taggings of one batch, in short transactions.

What changed since the plan was made is left as it is, so that changes may be applied again
after a crash.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from qunce.members.accounts import queries as account_queries
from qunce.members.tag_rules import planning
from qunce.members.tag_rules.planning import Change
from qunce.members.tags import writer as tag_writer
from qunce.members.tags.models import KIND, Tag, Tagging
from qunce.members.tags.writer import TagWriter
from qunce.sets.bitmaps import marks


def apply(
    changes: Iterable[Change], *, tags: Mapping[int, Tag], writer: TagWriter
) -> None:
    """Write the changes in their order; `tags` has every tag that they name by id."""
    for change in changes:
        if change.kind == planning.KEPT:
            continue
        for chunk in account_queries.chunks(list(change.people)):
            with transaction.atomic():
                _apply(change, tags[change.tag], chunk, writer)


def _apply(change: Change, tag: Tag, people: Sequence[int], writer: TagWriter) -> None:
    writer.lock(tag)
    accounts = account_queries.accounts_by_person(people)
    every = [account for own in accounts.values() for account in own]
    if change.kind == planning.LOST:
        writer.write(tag, dict.fromkeys(every, 0))
        return
    if change.kind == planning.ADOPTED:
        writer.adopt(tag, every)
        return
    depths = marks.find_weights(KIND, tag.pk, every)
    held = {
        person: next((a for a in own if a in depths), None)
        for person, own in accounts.items()
    }
    if change.kind == planning.GAINED:
        new = [person for person, account in held.items() if account is None]
        blocked = _blocked(tag, new)
        weights = {p: change.amount for p in new if p not in blocked}
        writer.write(tag, weights)
        return
    deeper: dict[int, int] = {}
    for person, account in held.items():
        if account is None:
            continue
        if change.is_added:
            deeper[account] = depths[account] + change.amount
        else:
            # On one account, because the depth is summed over all of them.
            deeper |= dict.fromkeys(accounts[person], 0)
            deeper[account] = change.amount
    _write_keeping(tag, deeper, writer)


def _blocked(tag: Tag, people: Sequence[int]) -> set[int]:
    """Those who got another tag of the exclusive group since the plan was made."""
    found = tag_writer.find_conflicting(tag, people).values()
    others = [account for accounts in found for account in accounts]
    return set(account_queries.person_ids(others).values())


def _write_keeping(tag: Tag, depths: Mapping[int, int], writer: TagWriter) -> None:
    """Write depths of existing taggings, which keep their source and expiry."""
    rows = Tagging.objects.filter(tag=tag, account_id__in=depths, present=True)
    groups: dict[tuple[str, datetime | None], dict[int, int]] = {}
    columns = rows.order_by("account_id").values_list(
        "account_id", "source", "expires_at"
    )
    for account, source, expires_at in columns:
        groups.setdefault((source, expires_at), {})[account] = depths[account]
    for (source, expires_at), weights in groups.items():
        own = dataclasses.replace(writer, source=source, expires_at=expires_at)
        own.write(tag, weights)
