"""How a person entered groups in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.groups.entry.models import EntryRequest, RulesAcceptance
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("entry_requests")
def _requests(community: Community, ids: Sequence[int]) -> Records:
    names = ("group__name", "name", "state", "reason", "answers")
    rows = EntryRequest.objects.filter(community=community, account_id__in=ids)
    return list(rows.order_by("pk").values(*names, "asked_at", "decided_at"))


@person_export.register("accepted_rules")
def _acceptances(community: Community, ids: Sequence[int]) -> Records:
    names = ("rules__group__name", "rules__version", "rules__text", "accepted_at")
    rows = RulesAcceptance.objects.filter(
        rules__community=community, account_id__in=ids
    )
    return list(rows.order_by("accepted_at", "pk").values(*names))
