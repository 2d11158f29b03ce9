"""Styles of service in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.channels import channel_contract
from qunce.outreach.contact_budget import phrases, policies
from qunce.outreach.contact_budget.limits import Mode
from qunce.outreach.service_styles.explanations import Overview
from qunce.outreach.service_styles.models import ServiceStyle
from qunce.outreach.welcomes.phrases import clock, duration


@dataclass(frozen=True)
class Row:
    """`uses` says who has the style, a sentence each; empty if it can be deleted."""

    style: ServiceStyle
    members: int
    lines: list[str]
    uses: list[str]


def row(style: ServiceStyle, overview: Overview, playbooks: Mapping[int, str]) -> Row:
    return Row(
        style,
        overview.by_style[style.pk],
        lines(style, playbooks),
        uses(style, overview),
    )


def uses(style: ServiceStyle, overview: Overview) -> list[str]:
    found = []
    for number, each in enumerate(overview.rules, start=1):
        if each.rule.style_id == style.pk:
            text = ngettext(
                "Rule %(rule)s gives it to %(n)s member.",
                "Rule %(rule)s gives it to %(n)s members.",
                each.members,
            )
            found.append(text % {"rule": number, "n": f"{each.members:,}"})
    if style == overview.default and len(overview.by_style) > 1:
        text = ngettext(
            "Everyone else has it: %(n)s member.",
            "Everyone else has it: %(n)s members.",
            overview.others,
        )
        found.append(text % {"n": f"{overview.others:,}"})
    return found


def lines(style: ServiceStyle, playbooks: Mapping[int, str]) -> list[str]:
    """What a style sets, a sentence each."""
    found = limits(style)
    if style.gap_minutes:
        gap = duration(timedelta(minutes=style.gap_minutes))
        found.append(_("At least %(gap)s between two messages") % {"gap": gap})
    if style.quiet_start is not None and style.quiet_end is not None:
        hours = f"{clock(style.quiet_start)}–{clock(style.quiet_end)}"
        found.append(_("Quiet hours: %(hours)s") % {"hours": hours})
    if style.channel:
        label = channel_contract.get(style.channel).label
        found.append(_("Preferred channel: %(channel)s") % {"channel": label})
    if style.answer_minutes is not None:
        found.append(
            _("An answer within %(time)s")
            % {"time": duration(timedelta(minutes=style.answer_minutes))}
        )
    if style.playbooks is not None:
        names = [f"“{playbooks[pk]}”" for pk in style.playbooks if pk in playbooks]
        found.append(
            _("Only these playbooks: %(names)s") % {"names": _(", ").join(names)}
            if names
            else _("No playbooks")
        )
    return found


def limits(style: ServiceStyle) -> list[str]:
    if style.limits is None:
        return [_("Contact limits of the community")]
    found = []
    for stored in style.limits:
        limit = policies.from_json(stored)
        word = str(phrases.MODES[limit.mode])
        allowed = (
            ngettext("at most %(n)s message", "at most %(n)s messages", limit.count)
            % {"n": limit.count}
            if limit.mode == Mode.AT_MOST
            else word
        )
        found.append(
            f"{phrases.messages_of(limit)} · {phrases.window(limit)} · {allowed}"
        )
    return found or [_("No contact limits")]
