"""Addresses of winners: encrypted, read with one permission, deleted after a while."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.activities.prizes import awards, prize_facts
from qunce.activities.prizes.models import Award, PrizeAddress, State
from qunce.core import errors, names, permissions, personal_texts, text_validation

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.personal_texts import ErasedPerson
    from qunce.core.staff.models import Staff

KEPT_FOR = timedelta(days=90)
"""How long an address is kept after the prize was handed over or returned."""
MAX_RECIPIENT, MAX_PHONE, MAX_ADDRESS = 50, 20, 200
PHONE = re.compile(r"\+?[0-9][0-9 ()-]{5,18}")
BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where to send a prize."""

    recipient: str
    phone: str
    address: str


class InvalidAddress(errors.Invalid):
    """A part of the address is missing or too long."""


# Checks


def clean(address: Address) -> Address:
    """The address on one line per part. Raises InvalidAddress."""
    cleaned = Address(
        recipient=names.clean(address.recipient),
        phone=names.clean(address.phone),
        address=names.clean(address.address),
    )
    if not text_validation.is_valid(
        cleaned.recipient + cleaned.phone + cleaned.address
    ):
        raise InvalidAddress(_("This contains characters that cannot be stored."))
    if not 1 <= len(cleaned.recipient) <= MAX_RECIPIENT:
        raise InvalidAddress(
            _("Give the name of the recipient, with at most %(n)s characters.")
            % {"n": MAX_RECIPIENT}
        )
    if not PHONE.fullmatch(cleaned.phone):
        raise InvalidAddress(_("Give a phone number of 6 to 20 digits."))
    if not 5 <= len(cleaned.address) <= MAX_ADDRESS:
        raise InvalidAddress(
            _("Give the whole address, with 5 to %(n)s characters.")
            % {"n": MAX_ADDRESS}
        )
    return cleaned


# Verbs


def store(*, award: Award, address: Address, at: datetime) -> None:
    """Store the address of a prize that is being claimed, in that transaction."""
    cleaned = clean(address)
    PrizeAddress.objects.update_or_create(
        award=award,
        defaults={
            "recipient": cleaned.recipient,
            "phone": cleaned.phone,
            "address": cleaned.address,
            "typed_at": at,
        },
    )


def read(*, chosen: Sequence[Award], by: Staff, at: datetime) -> dict[int, Address]:
    """The addresses by the number of the award; every reading is recorded."""
    permissions.check_may(by, prize_facts.VIEW_ADDRESSES)
    visible = awards.list_visible(by=by, at=at).filter(
        pk__in=[award.pk for award in chosen]
    )
    found: dict[int, Address] = {}
    for award in visible.select_related("stock__community", "community", "address"):
        row = getattr(award, "address", None)
        if row is None:
            continue
        found[award.pk] = Address(
            recipient=row.recipient, phone=row.phone, address=row.address
        )
        awards.record(prize_facts.PrizeAddressRead, award, by=by, at=at)
    return found


def delete_old(*, at: datetime) -> int:
    """Delete the addresses of prizes that were handed over or returned long ago."""
    oldest = at - KEPT_FOR
    done = Award.objects.filter(
        state=State.DELIVERED, delivered_at__lte=oldest
    ) | Award.objects.filter(state=State.RETURNED, returned_at__lte=oldest)
    rows = PrizeAddress.objects.filter(award__in=done.values("pk"))
    return rows.delete()[0]


def delete_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """React to erased members: delete their addresses and parcel numbers."""
    erased = [fact.account for fact in facts if fact.account is not None]
    _delete(community.pk, erased)


@personal_texts.register
def erase(person: ErasedPerson) -> None:
    """Delete the addresses of an erased person."""
    _delete(person.community_id, person.accounts)


def _delete(community_id: int, accounts: Sequence[int]) -> None:
    rows = Award.objects.filter(community=community_id, account_id__in=accounts)
    PrizeAddress.objects.filter(award__in=rows.values("pk")).delete()
    rows.update(parcel_number="", carrier="")
