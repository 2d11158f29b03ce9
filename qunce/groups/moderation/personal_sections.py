"""What moderation stores about a person in the export of their data.

Who reported a message is left out: nobody but staff knows that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import models

from qunce.groups.moderation.models import Action, Appeal, Case, MemberReport, Strike
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("moderation_cases")
def _cases(community: Community, ids: Sequence[int]) -> Records:
    """The cases of what the person wrote or answers for."""
    names = (
        "number",
        "group__name",
        "source",
        "author_name",
        "text",
        "happened_at",
        "rung",
        "state",
        "reason",
        "opened_at",
        "decided_at",
    )
    is_about = models.Q(responsible_id__in=ids) | models.Q(account_id__in=ids)
    rows = Case.objects.filter(is_about, community=community)
    return list(rows.order_by("number").values(*names))


@person_export.register("moderation_actions")
def _actions(community: Community, ids: Sequence[int]) -> Records:
    names = ("kind", "group__name", "name", "reason", "minutes", "state")
    rows = Action.objects.filter(community=community, account_id__in=ids)
    return list(rows.order_by("pk").values(*names, "created_at", "done_at"))


@person_export.register("strikes")
def _strikes(community: Community, ids: Sequence[int]) -> Records:
    names = ("ladder__name", "case__number", "happened_at", "is_shadow", "voided_at")
    rows = Strike.objects.filter(ladder__community=community, account_id__in=ids)
    return list(rows.order_by("happened_at", "pk").values(*names))


@person_export.register("appeals")
def _appeals(community: Community, ids: Sequence[int]) -> Records:
    names = ("case__number", "text", "state", "answer", "opened_at", "answered_at")
    rows = Appeal.objects.filter(case__community=community, account_id__in=ids)
    return list(rows.order_by("opened_at", "pk").values(*names))


@person_export.register("reported_messages")
def _reports(community: Community, ids: Sequence[int]) -> Records:
    """What the person has reported; the case is about somebody else."""
    rows = MemberReport.objects.filter(case__community=community, account_id__in=ids)
    found = rows.order_by("reported_at", "pk")
    return list(found.values("text", "reported_at", "answered_at"))
