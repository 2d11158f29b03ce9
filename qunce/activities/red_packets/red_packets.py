"""Red packets: published with the hash of their shares, and opened one share a person."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from qunce.activities import budget
from qunce.activities.activities import activities
from qunce.activities.activities.kind_contract import InvalidSetting
from qunce.activities.activities.models import Activity
from qunce.activities.points import earning
from qunce.activities.red_packets import red_packet_facts, shares
from qunce.activities.red_packets.models import RedPacket, RedPacketShare
from qunce.activities.red_packets.verifier import FORMAT
from qunce.core import errors
from qunce.core.facts import facts
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.activities.activities.kind_contract import Attempt
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.staff.models import Staff

KIND = "red_packet"
TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
SEED_BYTES = 32
MAX_PACKETS, MAX_SHARES, MAX_TOTAL = 100, 1_000, 1_000_000
MAX_PER_RUN = 200


class NoShareLeft(errors.Refused):
    """All shares of the packet are opened."""


class NotOpen(errors.Refused):
    """No packet is open now; `opens_at` is when the next one is."""

    def __init__(self, text: str, opens_at: datetime | None = None) -> None:
        super().__init__(text)
        self.opens_at = opens_at


class AlreadyOpened(errors.Refused):
    """The person has opened a share of this packet, which is `share`."""

    def __init__(self, share: RedPacketShare) -> None:
        super().__init__(
            _("You have opened this red packet already: %(points)s points.")
            % {"points": f"{share.amount:,}"}
        )
        self.share = share


class PacketNotOver(errors.Refused):
    """The shares of a packet are secret until it is over."""


# Checks


def times_of(settings: Mapping[str, Any]) -> list[time]:
    """The times of the day at which packets open, in their order.

    Raises InvalidSetting for a line that is no time, or a second one.
    """
    found = []
    for line in settings["times"]:
        parts = TIME.fullmatch(line.replace("：", ":"))
        if parts is None:
            raise InvalidSetting(
                _("Times: “%(line)s” is no time. Write each such as 20:00.")
                % {"line": line}
            )
        found.append(time(int(parts[1]), int(parts[2])))
    if len(set(found)) < len(found):
        raise InvalidSetting(_("Times: write each time once."))
    return sorted(found)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise InvalidSetting unless each share can have the minimum."""
    times_of(settings)
    total, count, minimum = settings["total"], settings["shares"], settings["minimum"]
    if count * minimum > total:
        raise InvalidSetting(
            _(
                "%(n)s shares of at least %(minimum)s are more than the %(total)s points of "
                "a packet. Raise the points, or lower the shares or the minimum."
            )
            % {"n": f"{count:,}", "minimum": f"{minimum:,}", "total": f"{total:,}"}
        )


def check_publishable(activity: Activity, at: datetime) -> None:
    """Raise with what is missing before red packets can be published."""
    check_settings(activity.settings)
    if activity.settings["times"] and activity.ends_at is None:
        raise InvalidSetting(_("Red packets of each day need an end of the activity."))
    list_times(activity)


def list_times(activity: Activity) -> list[datetime]:
    """When its packets open. Raises InvalidSetting for none, too many, or a skipped hour."""
    times = times_of(activity.settings)
    if not times or activity.ends_at is None:
        return [activity.starts_at]
    zone = ZoneInfo(activity.community.timezone)
    first, last = activity.starts_at.astimezone(zone), activity.ends_at.astimezone(zone)
    found: list[datetime] = []
    for n in range((last.date() - first.date()).days + 1):
        for each in times:
            local = datetime.combine(first.date() + timedelta(days=n), each, zone)
            opens_at = local.astimezone(UTC)
            if not activity.starts_at <= opens_at < activity.ends_at:
                continue
            if opens_at.astimezone(zone).replace(tzinfo=None) != local.replace(
                tzinfo=None
            ):
                raise InvalidSetting(
                    _(
                        "Times: %(time)s does not exist, as clocks change. Choose another."
                    )
                    % {"time": local.strftime("%Y-%m-%d %H:%M")}
                )
            found.append(opens_at)
    if not found:
        raise InvalidSetting(
            _("Times: none of them is between the start and the end. Write others.")
        )
    if len(found) > MAX_PACKETS:
        raise InvalidSetting(
            _(
                "There are %(n)s packets. Write fewer times, or end earlier: at most %(most)s."
            )
            % {"n": len(found), "most": MAX_PACKETS}
        )
    return found


# The steps of the activity


def publish(activity: Activity, at: datetime) -> None:
    """Fix the shares of each packet, and reserve their points."""
    check_publishable(activity, at)
    settings = activity.settings
    for n, opens_at in enumerate(list_times(activity), start=1):
        seed = secrets.token_hex(SEED_BYTES)
        RedPacket.objects.create(
            activity=activity,
            n=n,
            opens_at=opens_at,
            total=settings["total"],
            shares=settings["shares"],
            minimum=settings["minimum"],
            seed=seed,
            seed_hash=sha256(bytes.fromhex(seed)).hexdigest(),
        )
        budget.reserve(
            activity=activity, key=budget_key(n), at=at, points=settings["total"]
        )


def close(activity: Activity, at: datetime) -> None:
    """Close all packets; the points of shares that nobody opened are free again."""
    rows = RedPacket.objects.filter(activity=activity, closed_at__isnull=True)
    for packet in rows.order_by("n"):
        _close(packet, activity, at)


def _close(packet: RedPacket, activity: Activity, at: datetime) -> bool:
    # Waits for a share that is being opened; later ones find it closed.
    rows = RedPacket.objects.filter(pk=packet.pk, closed_at__isnull=True)
    if not rows.update(closed_at=at):
        return False
    budget.release(activity=activity, key=budget_key(packet.n), at=at)
    fact = red_packet_facts.RedPacketRevealed(activity=activity.pk, packet=packet.n)
    facts.record(fact, community=activity.community, by=None, at=at)
    return True


def close_due(*, at: datetime) -> int:
    """Close the packets that are empty, or followed by one that is open; returns how many."""
    later = RedPacket.objects.filter(
        activity=OuterRef("activity"), n__gt=OuterRef("n"), opens_at__lte=at
    )
    rows = RedPacket.objects.filter(closed_at__isnull=True, opens_at__lte=at)
    rows = rows.filter(Q(taken=F("shares")) | Exists(later))
    closed = 0
    for packet in rows.order_by("pk")[:MAX_PER_RUN]:
        closed += _close_one(packet, at)
    return closed


@transaction.atomic
def _close_one(packet: RedPacket, at: datetime) -> bool:
    activity = Activity.objects.select_related("community").get(pk=packet.activity_id)
    return _close(packet, activity, at)


# Opening


def open_share(attempt: Attempt) -> RedPacketShare:
    """Open the next share of the packet that is open, in the transaction of `take_part`.

    Raises NotOpen, NoShareLeft or AlreadyOpened, without a change.
    """
    packet = _find_current(attempt.activity, attempt.at)
    rows = RedPacketShare.objects.filter(packet=packet)
    own = Q(account_id__in=attempt.accounts) | Q(person_id__in=attempt.accounts)
    if (before := rows.filter(own).order_by("pk").first()) is not None:
        raise AlreadyOpened(before)
    if packet.taken >= packet.shares:
        # Most of a crowd come too late: they write nothing and take no lock.
        raise NoShareLeft(_("This red packet is empty."))
    try:
        with transaction.atomic():
            share = _take(packet, attempt)
    except IntegrityError:
        # Of two taps of a person at the same time, one has opened it.
        raise AlreadyOpened(rows.get(person_id=attempt.person_id)) from None
    _give_points(share, packet, attempt)
    return share


def _find_current(activity: Activity, at: datetime) -> RedPacket:
    """The packet that opened last."""
    rows = RedPacket.objects.filter(activity=activity)
    packet = rows.filter(opens_at__lte=at).order_by("-n").first()
    if packet is None:
        first = rows.order_by("n").first()
        raise NotOpen(
            _("The red packet is not open yet."), first.opens_at if first else None
        )
    if packet.closed_at is not None and packet.taken < packet.shares:
        raise NotOpen(_("This red packet is closed."))
    return packet


def _take(packet: RedPacket, attempt: Attempt) -> RedPacketShare:
    position = _take_position(packet)
    if position is None:
        raise NoShareLeft(_("This red packet is empty."))
    return RedPacketShare.objects.create(
        packet=packet,
        position=position,
        account_id=attempt.account_id,
        person_id=attempt.person_id,
        amount=list_shares(packet)[position],
        key=f"{attempt.way}:{attempt.key}",
        at=attempt.at,
    )


def _take_position(packet: RedPacket) -> int | None:
    """Take the next share; None, without a change, if none is left."""
    rows = RedPacket.objects.filter(
        pk=packet.pk, taken__lt=F("shares"), closed_at__isnull=True
    )
    if not rows.update(taken=F("taken") + 1):
        return None
    # The row is locked until the commit, so this share is nobody else's.
    return RedPacket.objects.values_list("taken", flat=True).get(pk=packet.pk) - 1


def _give_points(share: RedPacketShare, packet: RedPacket, attempt: Attempt) -> None:
    activity, at = attempt.activity, attempt.at
    key = f"{budget_key(packet.n)}/{share.position}"
    budget.reserve_part(
        activity=activity,
        key=budget_key(packet.n),
        into=key,
        points=share.amount,
        at=at,
    )
    budget.book(activity=activity, key=key, at=at)
    earning.award(
        account_id=share.account_id,
        amount=share.amount,
        key=f"red_packet/{share.pk}",
        by=None,
        at=at,
    )
    fact = red_packet_facts.RedPacketOpened(
        activity=activity.pk,
        packet=packet.n,
        points=share.amount,
        account=share.account_id,
        group=attempt.group_id,
    )
    facts.record(fact, community=activity.community, by=attempt.by, at=at)


def clear_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to an erased person: the keys of their shares are deleted."""
    gone = [fact.account for fact in facts if fact.account is not None]
    rows = RedPacketShare.objects.filter(
        packet__activity__community=community, account_id__in=gone
    )
    for pk in rows.values_list("pk", flat=True):
        RedPacketShare.objects.filter(pk=pk).update(key=f"erased:{pk}")


# Reads


def budget_key(n: int) -> str:
    """What the points of a packet are reserved under, before somebody opens them."""
    return f"packet/{n}"


def list_shares(packet: RedPacket) -> list[int]:
    """All shares of a packet in their order. They are secret until it is over."""
    return shares.divide(
        bytes.fromhex(packet.seed),
        total=packet.total,
        shares=packet.shares,
        minimum=packet.minimum,
    )


def list_of(activity: Activity) -> list[RedPacket]:
    """The packets of an activity, in the order in which they open."""
    return list(RedPacket.objects.filter(activity=activity).order_by("n"))


def is_over(packet: RedPacket) -> bool:
    return packet.closed_at is not None or packet.taken >= packet.shares


def list_opened(activity: Activity, accounts: Sequence[int]) -> list[RedPacketShare]:
    """What these accounts opened, the newest first."""
    rows = RedPacketShare.objects.filter(
        packet__activity=activity, account_id__in=accounts
    )
    return list(rows.select_related("packet").order_by("-pk"))


def list_visible(
    *, activity: Activity, by: Staff, at: datetime, limit: int
) -> list[RedPacketShare]:
    """The newest shares of members whom `by` sees."""
    activities.check_may_run(by, activity)
    rows = RedPacketShare.objects.filter(packet__activity=activity).order_by("-pk")
    if not by.is_scoped:
        return list(rows[:limit])
    accounts = list(rows.order_by().values_list("account_id", flat=True).distinct())
    seen = visibility.filter_accounts(by=by, accounts=accounts, at=at)
    return list(rows.filter(account_id__in=seen)[:limit])


def to_text(packet: RedPacket) -> str:
    """The file of a packet that is over, by which anybody verifies its shares."""
    if not is_over(packet):
        raise PacketNotOver(_("The shares are published when the packet is over."))
    content = {
        "format": FORMAT,
        "activity": packet.activity.public_id,
        "packet": packet.n,
        "total": packet.total,
        "minimum": packet.minimum,
        "shares": list_shares(packet),
        "opened": packet.taken,
        "seed": packet.seed,
        "seed_hash": packet.seed_hash,
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
