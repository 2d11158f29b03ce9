"""Welcomes and styles of service of a demo community, and two weeks of newcomers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.core.communities import Community
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group, GroupJoined
from qunce.members.accounts.accounts import MemberJoined
from qunce.members.layers import layers
from qunce.outreach.sending import assisted_messages
from qunce.outreach.sending.ledger import Origin
from qunce.outreach.service_styles import rules, styles
from qunce.outreach.skip_reasons import SendFailure
from qunce.outreach.welcomes import decisions, time_limits, welcomes
from qunce.outreach.welcomes.models import Welcome
from qunce.sets import timelines

SPAN, STEP = timedelta(days=14), timedelta(hours=6)
LAST_WAIT = timedelta(hours=18)
MAX_JOINS, MIN_WAITING = 60, 2


def create(community: Community, *, by: Staff, at: datetime) -> None:
    """Create them once; what has been done since stays."""
    if Welcome.objects.filter(community=community).exists():
        return
    # In one transaction, so that a load after a kill finds all of it or nothing.
    with transaction.atomic(), translation.override(community.language):
        _write_welcomes(community, by, at - SPAN)
        _welcome_newcomers(community, by, at)
        _assign_styles(community, by, at)


def _write_welcomes(community: Community, by: Staff, at: datetime) -> None:
    groups = _busiest_groups(community, at)
    texts: list[tuple[str, str, dict[str, Any]]] = [
        (
            _("Group welcome"),
            _(
                "Welcome, {name|neighbour}. Three things about this group: news on"
                " Tuesdays, questions at any time, and no advertising. — {staff}"
            ),
            {"event": "group", "groups": groups},
        ),
        (
            _("Late in the evening"),
            _(
                "Good evening, {name|neighbour}, and welcome. We are back at eight"
                " tomorrow and answer everything then. — {staff}"
            ),
            {"hour_from": 18 * 60, "hour_until": 8 * 60},
        ),
        (
            _("Welcome"),
            _(
                "Hello {name|neighbour}, nice to have you here. Write me what you like,"
                " and I will write only about that. — {staff}"
            ),
            {"is_for_others": True},
        ),
    ]
    for name, text, fields in texts:
        welcome = welcomes.create(
            community=community, name=name, text=text, staff=by, by=by, at=at, **fields
        )
        welcomes.switch_on(welcome=welcome, by=by, at=at)


def _busiest_groups(community: Community, since: datetime) -> list[int]:
    """The two groups that most members have joined since then."""
    joined = timelines.list_facts_of_kinds(
        community=community,
        kinds=[GroupJoined.kind],
        since=since,
        until=since + SPAN,
    )
    counts = Counter(fact.group for fact in joined if fact.group is not None)
    return [group for group, _count in counts.most_common(2)]


def _welcome_newcomers(community: Community, by: Staff, end: datetime) -> None:
    """Let the two weeks pass: members join, and staff post what no channel can send.

    The members come from files; here they are welcomed as if they had just joined.
    """
    joined: Sequence[RecordedFact] = timelines.list_facts_of_kinds(
        community=community,
        kinds=[MemberJoined.kind, GroupJoined.kind],
        since=end - SPAN,
        until=end,
    )
    waiting = [fact for fact in joined if fact.account is not None][-MAX_JOINS:]
    within = time_limits.get(community).within
    at = end - SPAN
    while at < end:
        at = min(at + STEP, end)
        new = [fact for fact in waiting if fact.happened_at <= at]
        waiting = [fact for fact in waiting if fact.happened_at > at]
        young = [fact for fact in new if fact.happened_at >= at - within]
        decisions.decide(community=community, facts=young, at=at)
        assisted_messages.skip_stale(at=at)
        if end - at > LAST_WAIT:
            _post(community, at)
    _post_all_but(community, end, MIN_WAITING)


def _post(community: Community, at: datetime) -> None:
    for staff in community.staff.filter(is_active=True).order_by("pk"):
        rows = assisted_messages.list_open(by=staff, at=at).filter(
            origin=Origin.WELCOME
        )
        for index, message in enumerate(rows):
            if index % 9 == 8:
                reason = SendFailure.NOT_FOUND
                assisted_messages.mark_failed(
                    message=message, reason=reason, by=staff, at=at
                )
            else:
                assisted_messages.mark_sent(message=message, by=staff, at=at)


def _post_all_but(community: Community, at: datetime, count: int) -> None:
    """Post what waits, but for so many messages of each."""
    for staff in community.staff.filter(is_active=True).order_by("pk"):
        rows = assisted_messages.list_open(by=staff, at=at).filter(
            origin=Origin.WELCOME
        )
        for message in list(rows)[count:]:
            assisted_messages.mark_sent(message=message, by=staff, at=at)


def _assign_styles(community: Community, by: Staff, at: datetime) -> None:
    """The three usual styles: the best layer is cared for, a group is about orders."""
    styles.create_usual(community=community, by=by, at=at)
    by_name = {style.name: style for style in styles.list_all(by)}
    given = []
    for layering in layers.list_active(community)[:1]:
        rule = {
            "layer": {"of": layering.key, "in": [layering.spec["layers"][0]["key"]]}
        }
        given.append(rules.Draft(rule, by_name[_("Close care")]))
    for group in Group.objects.filter(community=community).order_by("-pk")[:1]:
        rule = {"group": {"any": [group.key]}}
        given.append(rules.Draft(rule, by_name[_("Customer service")]))
    rules.update(
        community=community,
        rules=given,
        default=by_name[_("Mass feed")],
        by=by,
        at=at,
    )
