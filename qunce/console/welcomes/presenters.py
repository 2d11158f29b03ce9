"""Welcomes as the list and their pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qunce.channels import channel_contract
from qunce.console import http
from qunce.console.outreach import labels
from qunce.core import label_texts
from qunce.groups.groups import Group
from qunce.outreach import skip_reasons
from qunce.outreach.welcomes import fingerprints, phrases, results, rule_people
from qunce.outreach.welcomes.models import Reason, Welcome
from qunce.outreach.welcomes.results import WelcomeResult


@dataclass(frozen=True)
class Row:
    """`up` and `down` are the positions to move to, None where it cannot go.

    `is_broken` says that the rule cannot be evaluated.
    """

    welcome: Welcome
    conditions: Sequence[str]
    result: WelcomeResult
    up: int | None
    down: int | None
    is_broken: bool
    digest: str


def rows(request: http.Request, listed: Sequence[Welcome]) -> list[Row]:
    found = results.list_results(listed, by=request.staff)
    names = group_names(request, listed)
    movable = sum(not each.is_for_others for each in listed)
    return [
        Row(
            welcome,
            conditions(request, welcome, names),
            found[welcome.pk],
            index - 1 if 0 < index < movable else None,
            index + 1 if index < movable - 1 else None,
            rule_people.is_broken(welcome, request.at),
            fingerprints.digest(welcome),
        )
        for index, welcome in enumerate(listed)
    ]


def group_names(request: http.Request, listed: Sequence[Welcome]) -> dict[int, str]:
    wanted = {pk for welcome in listed for pk in welcome.groups}
    rows = Group.objects.filter(community=request.community, pk__in=wanted)
    return dict(rows.values_list("pk", "name"))


def conditions(
    request: http.Request, welcome: Welcome, names: Mapping[int, str]
) -> list[str]:
    found = phrases.conditions(welcome, names)
    if welcome.rule is not None:
        found.append(labels.describe_rule(request.staff, welcome.rule))
    return found


def channel_of(welcome: Welcome) -> str:
    if welcome.channel:
        return str(channel_contract.get(welcome.channel).label)
    return _("that of the member's style or of the join, or else by hand")


def result_lines(result: WelcomeResult) -> list[tuple[Any, int]]:
    """A label and a number for each thing that joins led to; they add up to the joins."""
    lines: list[tuple[Any, int]] = [
        (_("sent"), result.sent),
        (_("wait to be sent"), result.waiting),
        (_("outcome unknown"), result.unknown),
        (_("cancelled"), result.cancelled),
    ]
    for label, counts in ((_("skipped"), result.skipped), (_("failed"), result.failed)):
        lines += [
            (label_texts.with_label(label, skip_reasons.label_of(reason)), count)
            for reason, count in counts.most_common()
        ]
    lines += [
        (Reason(reason).label, count) for reason, count in result.repeated.most_common()
    ]
    return [(label, count) for label, count in lines if count]
