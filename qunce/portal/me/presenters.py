"""What a member reads about themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from qunce.channels import channel_contract
from qunce.core.pictures.pictures import Picture
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.members.personal_links import devices, masked_names, sign_in_codes
from qunce.members.personal_links.devices import MemberDevice
from qunce.portal.visitors.visitors import Visitor


@dataclass(frozen=True)
class DeviceRow:
    """A device of the member; `way` is how they are known there."""

    device: MemberDevice
    way: str


def name_of(visitor: Visitor) -> str:
    """The name of the member: masked for a link, which others may have opened before."""
    if visitor.account_id is None:
        return ""
    name = _first_name(visitor.account_id)
    if not name or visitor.signed_in is not None:
        return name
    return masked_names.mask(name)


def masked_name_of(account: int) -> str:
    """The name of a member as everybody may read it, such as 王＊."""
    return masked_names.mask(_first_name(account))


def _first_name(account: int) -> str:
    accounts = account_queries.account_ids_of_person(account)
    names = [name for _pk, name in account_queries.list_names(accounts) if name.strip()]
    return names[0] if names else ""


def card(
    visitor: Visitor,
    account: int,
    *,
    address: str,
    rows: Sequence[tuple[str, str]] = (),
) -> Picture:
    """The card of a member with further rows; `address` is where its code leads."""
    joined = timezone.localtime(people.get_by_account(account).joined_at)
    return Picture(
        title=visitor.community.name,
        subtitle=name_of(visitor),
        rows=((_("Member since"), formats.date_format(joined, "Y-m-d")), *rows),
        address=address,
        note=_("Scan to see what is open"),
    )


def list_devices(account: int, *, at: datetime) -> list[DeviceRow]:
    """The devices of a member, each with the way in which they are known there."""
    found = devices.list_of_person(account, at=at)
    return [DeviceRow(device, _way(device.provider)) for device in found]


def _way(provider: str) -> str:
    if not provider:
        return _("personal link")
    if provider == sign_in_codes.PROVIDER:
        return _("signed in with six digits")
    label = channel_contract.get(provider).label
    return _("signed in through %(channel)s") % {"channel": label}
