"""Devices: the browsers on which members have personal links or are signed in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.prepared_queries import Ids, Param, PreparedQuery
from qunce.members.accounts import queries as account_queries
from qunce.members.personal_links.models import Device, LinkBinding, SignIn

SIGN_IN_LENGTH = timedelta(days=30)
"""Without a visit: the cookie of the device says when the last one was."""
MAX_SIGN_IN_LENGTH = timedelta(days=365)
"""However often the device visits."""
MAX_LABEL_LENGTH = 30
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
APPS = (
    ("wxwork", "WeCom"),
    ("MicroMessenger", "WeChat"),
    ("Telegram", "Telegram"),
    ("Element", "Element"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
MODEL = re.compile(r"Android [\d.]+; ([\w .+-]{2,24})")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class DeviceRemoved(facts.FactKind):
    kind = "portal.device_removed"
    label = gettext_lazy("device removed by the member")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PortalSignedIn(facts.FactKind):
    kind = "portal.signed_in"
    label = gettext_lazy("signed in to the member pages")
    labels = {"provider": gettext_lazy("way of signing in")}
    provider: str


# Verbs


def ensure(*, community: Community, digest: bytes, label: str, at: datetime) -> Device:
    """The row of a device, which is created when it sends something for the first time."""
    Device.objects.bulk_create(
        [
            Device(
                community=community,
                digest=digest,
                label=label[:MAX_LABEL_LENGTH],
                first_seen_at=at,
                last_seen_at=at,
            )
        ],
        ignore_conflicts=True,
    )
    rows = Device.objects.filter(community=community, digest=digest)
    rows.update(last_seen_at=at)
    return rows.get()


@transaction.atomic
def sign_in(
    *, device: Device, account_id: int, rung: int, provider: str, at: datetime
) -> SignIn:
    """Sign a member in on a device, in the place of whoever was signed in there."""
    rows = SignIn.objects.select_for_update().filter(device=device)
    rows.filter(ended_at__isnull=True).update(ended_at=at)
    row = SignIn.objects.create(
        community=device.community,
        account_id=account_id,
        device=device,
        rung=rung,
        provider=provider,
        signed_in_at=at,
        expires_at=at + MAX_SIGN_IN_LENGTH,
    )
    fact = PortalSignedIn(account=account_id, provider=provider)
    facts.record(fact, community=device.community, by=None, at=at)
    return row


def end_sign_ins(
    *, accounts: Iterable[int], at: datetime, device: int | None = None
) -> int:
    """End the sign-ins of accounts, on one device or on all; returns how many."""
    rows = SignIn.objects.filter(account_id__in=list(accounts), ended_at__isnull=True)
    if device is not None:
        rows = rows.filter(device_id=device)
    return rows.update(ended_at=at)


# Reads

_SIGN_IN = PreparedQuery(
    lambda: SignIn.objects.filter(
        device__digest=Param("digest"),
        device__community=Param("community"),
        ended_at__isnull=True,
        expires_at__gt=Param("now"),
        account__erased_at__isnull=True,
    ).order_by("-pk")[:1]
)


def digest_of(secret: str) -> bytes:
    """What is stored of a cookie. Its secret is random and needs no salt."""
    return hashlib.sha256(secret.encode()).digest()


def describe(agent: str) -> str:
    """What a member recognises a device by, such as “iPhone, WeChat”."""
    system = next((name for word, name in SYSTEMS if word in agent), "")
    model = MODEL.search(agent[:400])
    app = next((name for word, name in APPS if word in agent), "")
    return ", ".join(filter(None, [model[1].strip() if model else system, app]))[
        :MAX_LABEL_LENGTH
    ]


def find_sign_in(
    community: Community,
    digest: bytes,
    *,
    at: datetime,
    visited_at: datetime | None = None,
) -> SignIn | None:
    """The sign-in of a device, or None.

    `visited_at` is when the device was here last, as far as its cookie says it. Nothing is
    stored of visits, so that reading a page changes nothing.
    """
    row = _SIGN_IN.first(
        digest=digest, community=community.pk, now=timestamps.to_micros(at)
    )
    if row is None:
        return None
    # A clock that was set back makes no visit of the future.
    last = max(row.signed_in_at, min(visited_at or row.signed_in_at, at))
    return row if at < last + SIGN_IN_LENGTH else None


@dataclass(frozen=True)
class MemberDevice:
    """A device of a person; `until` is when its last link or sign-in ends at the latest.

    `provider` is how they signed in there, such as a channel or “code”, "" if they did not.
    """

    id: int
    label: str
    last_seen_at: datetime
    provider: str
    until: datetime

    @property
    def is_signed_in(self) -> bool:
        return bool(self.provider)


_SIGN_INS_OF = PreparedQuery(
    lambda: SignIn.objects.filter(
        account_id__in=Ids("accounts"),
        ended_at__isnull=True,
        expires_at__gt=Param("now"),
    )
)
_LINKS_OF = PreparedQuery(
    lambda: LinkBinding.objects.filter(
        account_id__in=Ids("accounts"),
        device__isnull=False,
        revoked_at__isnull=True,
        expires_at__gt=Param("now"),
    )
)
_DEVICES = PreparedQuery(
    lambda: Device.objects.filter(pk__in=Ids("devices")).order_by(
        "-last_seen_at", "-pk"
    )
)


def list_of_person(account_id: int, *, at: datetime) -> list[MemberDevice]:
    """The devices on which a person has a link or is signed in, the last used first."""
    accounts = account_queries.account_ids_of_person(account_id)
    now = timestamps.to_micros(at)
    ends: dict[int, datetime] = {}
    signed_in: dict[int, str] = {}
    for row in _SIGN_INS_OF.all(accounts=accounts, now=now):
        signed_in[row.device_id] = row.provider
        ends[row.device_id] = row.expires_at
    for link in _LINKS_OF.all(accounts=accounts, now=now):
        if link.device_id is not None:
            until = ends.get(link.device_id, link.expires_at)
            ends[link.device_id] = max(link.expires_at, until)
    rows = _DEVICES.all(devices=list(ends)) if ends else []
    return [
        MemberDevice(
            id=row.pk,
            label=row.label,
            last_seen_at=row.last_seen_at,
            provider=signed_in.get(row.pk, ""),
            until=ends[row.pk],
        )
        for row in rows
    ]


def find(community: Community, digest: bytes) -> Device | None:
    return Device.objects.filter(community=community, digest=digest).first()
