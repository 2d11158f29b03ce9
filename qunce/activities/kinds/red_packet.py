"""The kind `red_packet`: points in shares that are fixed beforehand, one for each person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from qunce.activities.activities import kind_contract
from qunce.activities.activities.kind_contract import (
    Attempt,
    Cost,
    InvalidSetting,
    Kind,
    Metric,
    NotBetter,
    Reply,
    SettingField,
)
from qunce.activities.activities.models import Activity
from qunce.activities.kinds import base
from qunce.activities.red_packets import red_packets
from qunce.activities.red_packets.models import RedPacket, RedPacketShare
from qunce.core.guards import legal_notices
from qunce.members.accounts import queries as account_queries

KEY = red_packets.KIND
KEYWORDS = ("红包", "抢红包", "red packet")
SETTINGS = (
    SettingField(
        name="total",
        label=gettext_lazy("Points in each packet"),
        type="number",
        default=1_000,
        least=1,
        most=red_packets.MAX_TOTAL,
    ),
    SettingField(
        name="shares",
        label=gettext_lazy("Shares of each packet"),
        type="number",
        default=20,
        least=1,
        most=red_packets.MAX_SHARES,
    ),
    SettingField(
        name="minimum",
        label=gettext_lazy("Points of a share, at least"),
        type="number",
        default=1,
        least=1,
        most=red_packets.MAX_TOTAL,
    ),
    SettingField(
        name="times",
        label=gettext_lazy("Opens each day at"),
        type="lines",
        default=[],
        help=gettext_lazy(
            "One time a line, such as 20:00. Without any, one packet opens at the start."
        ),
    ),
)


def take_part(attempt: Attempt) -> Reply:
    """Open a share of the packet that is open."""
    if attempt.is_rehearsal:
        return Reply(text=_("You open a share, and have its points immediately."))
    try:
        share = red_packets.open_share(attempt)
    except red_packets.AlreadyOpened as error:
        base.join(attempt)
        return Reply(text=str(error), accepted=False, code="repeated")
    except red_packets.NoShareLeft as error:
        return Reply(text=_with_next(str(error), attempt), accepted=False, code="gone")
    except red_packets.NotOpen as error:
        text = _with_next(str(error), attempt)
        return Reply(text=text, accepted=False, code="not_open")
    base.join(attempt)
    return Reply(text=share_text(share))


def _with_next(text: str, attempt: Attempt) -> str:
    """A sentence with the time of the next packet, if there is one."""
    following = _find_next(attempt.activity, attempt.at)
    if following is None:
        return text
    values = {"text": text, "time": format_time(following.opens_at)}
    return _("%(text)s The next one opens on %(time)s.") % values


def _find_next(activity: Activity, at: datetime) -> RedPacket | None:
    rows = RedPacket.objects.filter(activity=activity, opens_at__gt=at)
    return rows.order_by("n").first()


def format_time(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "Y-m-d H:i")


def share_text(share: RedPacketShare) -> str:
    """How many points a share has, as the member reads it."""
    text = ngettext(
        "You have opened %(points)s point.",
        "You have opened %(points)s points.",
        share.amount,
    )
    return text % {"points": f"{share.amount:,}"}


# What members and staff read


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    """The rules as sentences."""
    settings = activity.settings
    values = {
        "total": f"{settings['total']:,}",
        "n": f"{settings['shares']:,}",
        "minimum": f"{settings['minimum']:,}",
        "most": f"{2 * settings['total'] // settings['shares']:,}",
    }
    lines = [
        _("Write “red packet” in the chat, or tap on the page.")
        if has_page
        else _("Write “red packet” in the chat."),
        _("%(total)s points in %(n)s shares, one for each person.") % values,
        _("A share has at least %(minimum)s and at most %(most)s points.") % values,
    ]
    if settings["times"]:
        times = [f"{each:%H:%M}" for each in red_packets.times_of(settings)]
        text = _("A packet opens each day at: %(times)s.")
        lines.append(text % {"times": ", ".join(times)})
    return [
        *lines,
        _(
            "The shares are fixed beforehand by a seed whose hash is published. The seed "
            "is published when the packet is over."
        ),
    ]


def highest_cost(activity: Activity) -> Cost:
    """The points of all packets."""
    try:
        packets = len(red_packets.list_times(activity))
    except InvalidSetting:
        packets = 1
    return Cost(points=packets * int(activity.settings["total"]))


def check_better(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Nothing of a published packet changes, as its shares are fixed."""
    if before != after:
        raise NotBetter(_("What members have read of a red packet does not change."))


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    """Shares and points of the people who count."""
    counted = set(people)
    rows = list(
        RedPacketShare.objects.filter(packet__activity=activity).values_list(
            "account_id", "amount"
        )
    )
    persons = account_queries.person_ids({account for account, _amount in rows})
    own = [(persons[account], n) for account, n in rows if persons[account] in counted]
    return [
        Metric(key="shares", label=_("Shares opened"), value=len(own)),
        Metric(
            key="people_with_share",
            label=_("People with a share"),
            value=len({person for person, _amount in own}),
        ),
        Metric(key="points", label=_("Points"), value=sum(n for _person, n in own)),
    ]


def portal_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    """The packets and, for somebody who is known, what they opened."""
    packets = red_packets.list_of(activity)
    current = next((p for p in reversed(packets) if p.opens_at <= at), None)
    context: dict[str, Any] = {
        "packets": [(p, p.opens_at <= at, red_packets.is_over(p)) for p in packets],
        "current": current,
        "is_empty": current is not None and red_packets.is_over(current),
        "following": next((p for p in packets if p.opens_at > at), None),
    }
    if account_id is None:
        return context
    accounts = account_queries.account_ids_of_person(account_id)
    opened = red_packets.list_opened(activity, accounts)
    has_current = any(
        current is not None and share.packet_id == current.pk for share in opened
    )
    return context | {
        "opened": opened,
        "may_open": current is not None and not context["is_empty"] and not has_current,
    }


RED_PACKET = kind_contract.register(
    Kind(
        key=KEY,
        label=pgettext_lazy("kind of activity", "red packet"),
        description=gettext_lazy(
            "Points in random shares, one for each person, at fixed times. The shares are "
            "fixed beforehand, and anybody can verify them."
        ),
        keywords=KEYWORDS,
        take_part=take_part,
        describe=describe,
        metrics=metrics,
        aim=kind_contract.Aim.CHANCE,
        portal_template="portal/activities/_red_packet.html",
        settings_form=SETTINGS,
        notices=(legal_notices.CHANCE_PRIZE, legal_notices.COMPLETE_TERMS),
        check_settings=red_packets.check_settings,
        check_better=check_better,
        check_publishable=red_packets.check_publishable,
        publish=red_packets.publish,
        close=red_packets.close,
        cancel=red_packets.close,
        highest_cost=highest_cost,
        portal_context=portal_context,
        may_extend=False,
        may_close_early=False,
    )
)
