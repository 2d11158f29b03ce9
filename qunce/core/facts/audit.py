"""The audit log: who did what and when, one row per act, written in its transaction.

Facts recorded with a `by` are logged automatically. What is not a fact, such as a sign-in,
an export or a refusal, is logged by the code that does it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy

from qunce.core import db, permissions, personal_texts, timestamps
from qunce.core.facts import interned_names

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

VIEW = permissions.declare(
    "audit_log.view",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("view the audit log"),
)
PAGE_SIZE = 50
MAX_VALUE_LENGTH = 200
ACCOUNTS_PER_UPDATE = 500


@personal_texts.erased_in(sentences=("detail",))
class AuditEntry(models.Model):
    """One act of staff on `count` things; `account_id` is set if it was one member.

    `detail` holds the values that all these things have in common. Ids are integers
    without foreign keys, because an entry outlives what it is about. `api_key_id` is the
    key of the program that acted for the staff member.
    """

    community_id = models.IntegerField()
    actor_id = models.IntegerField(null=True)
    api_key_id = models.IntegerField(null=True)
    kind_id = models.IntegerField()
    account_id = models.BigIntegerField(null=True)
    group_id = models.BigIntegerField(null=True)
    count = models.PositiveIntegerField(default=1)
    happened_at = timestamps.TimestampField()
    detail: models.JSONField[Any, Any] = models.JSONField(null=True)

    class Meta:
        db_table = "core_audit_entry"
        indexes = [
            models.Index(fields=["community_id", "id"], name="audit_by_community"),
            models.Index(
                fields=["community_id", "actor_id", "id"], name="audit_by_actor"
            ),
            models.Index(
                fields=["community_id", "kind_id", "id"], name="audit_by_kind"
            ),
            models.Index(fields=["community_id", "happened_at"], name="audit_by_time"),
            models.Index(fields=["account_id"], name="audit_by_account"),
        ]

    def __str__(self) -> str:
        return f"audit entry {self.pk}"


_labels: dict[str, StrOrPromise] = {}


def declare(kind: str, label: StrOrPromise) -> str:
    """Declare a kind of entry that is not a fact; returns `kind`."""
    _labels[kind] = label
    return kind


def declared() -> dict[str, StrOrPromise]:
    return dict(_labels)


def label_of(kind: str) -> str | None:
    return str(_labels[kind]) if kind in _labels else None


def check_view(by: Staff) -> None:
    """The log covers all members, so it is only for staff who see all of them."""
    permissions.check_may(by, VIEW)


def log(
    *,
    kind: str,
    community: Community,
    by: Staff | None,
    at: datetime,
    count: int = 1,
    account: int | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Log what is not a fact. `detail` must not hold personal data of members."""
    permissions.check_community(by, community.pk)
    insert(
        community_id=community.pk,
        by=by,
        kind_id=interned_names.ensure("kind", 0, [kind])[kind],
        account_id=account,
        count=count,
        at=at,
        detail=detail,
    )


INSERT_ENTRIES = """
INSERT INTO core_audit_entry (community_id, actor_id, api_key_id, kind_id, account_id,
    group_id, count, happened_at, detail) VALUES
"""


def insert(
    *,
    community_id: int,
    by: Staff | None,
    kind_id: int,
    at: datetime,
    count: int = 1,
    account_id: int | None = None,
    group_id: int | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Insert one entry; long values of `detail` are shortened."""
    # Shortened, because a rule or a card may be larger than everything else in the log.
    values = {name: _shorten(value) for name, value in (detail or {}).items()}
    text = json.dumps(values, ensure_ascii=False, default=str) if values else None
    time = timestamps.to_micros(at)
    actor = (by.pk, by.api_key_id) if by else (None, None)
    of = (kind_id, account_id, group_id, count, time, text)
    db.insert(INSERT_ENTRIES, [(community_id, *actor, *of)])


def _shorten(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_VALUE_LENGTH:
        return value[: MAX_VALUE_LENGTH - 1] + "…"
    if isinstance(value, dict | list | tuple):
        return _shorten(json.dumps(value, ensure_ascii=False, default=str))
    return value


def clear_details(accounts: Sequence[int]) -> None:
    """Delete the details of entries about erased members; the entries stay."""
    for start in range(0, len(accounts), ACCOUNTS_PER_UPDATE):
        # In parts, so that SQLite's write lock is free in between.
        chunk = accounts[start : start + ACCOUNTS_PER_UPDATE]
        AuditEntry.objects.filter(account_id__in=chunk).update(detail=None)


def list_entries(
    *,
    community: Community,
    actor: int | None = None,
    api_key: int | None = None,
    kind: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = PAGE_SIZE,
) -> list[AuditEntry]:
    """The newest entries first; `before` is the id of the last one on the previous page."""
    entries = AuditEntry.objects.filter(community_id=community.pk)
    if actor is not None:
        entries = entries.filter(actor_id=actor)
    if api_key is not None:
        entries = entries.filter(api_key_id=api_key)
    if kind:
        entries = entries.filter(kind_id=interned_names.find("kind", 0, kind) or 0)
    if since is not None:
        entries = entries.filter(happened_at__gte=timestamps.to_micros(since))
    if until is not None:
        entries = entries.filter(happened_at__lt=timestamps.to_micros(until))
    if before is not None:
        # By id rather than by offset: entries that arrive meanwhile do not shift the
        # pages.
        entries = entries.filter(pk__lt=before)
    return list(entries.order_by("-pk")[:limit])


SELECT_KINDS = """
WITH RECURSIVE kinds (kind) AS (
    SELECT min(kind_id) FROM core_audit_entry WHERE community_id = %s
    UNION ALL
    SELECT (SELECT min(kind_id) FROM core_audit_entry
            WHERE community_id = %s AND kind_id > kinds.kind)
    FROM kinds WHERE kinds.kind IS NOT NULL)
SELECT kind FROM kinds WHERE kind IS NOT NULL
"""
"""A loose scan of the index: one step per kind, however many entries there are."""


def list_kinds(community: Community) -> dict[int, str]:
    """The kinds of this community's entries, by id."""
    names = interned_names.names_by_id("kind", 0)
    rows = db.rows(SELECT_KINDS, [community.pk, community.pk])
    return {row[0]: names[row[0]] for row in rows if row[0] in names}
