"""The prizes of a person in the export of their data, without codes: the winner has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qunce.activities.prizes.models import Award
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("prizes")
def _prizes(community: Community, ids: Sequence[int]) -> Records:
    names = (
        *("source", "state", "awarded_at", "claim_until", "claimed_at", "sent_at"),
        *("carrier", "parcel_number", "delivered_at", "returned_at"),
    )
    rows = Award.objects.filter(community=community, account_id__in=ids)
    records: list[Mapping[str, Any]] = []
    for award in rows.select_related("stock", "address").order_by("pk"):
        record: dict[str, Any] = {name: getattr(award, name) for name in names}
        record["prize"] = award.stock.name
        address = getattr(award, "address", None)
        if address is not None:
            record["recipient"] = address.recipient
            record["phone"] = address.phone
            record["address"] = address.address
        records.append(record)
    return records
