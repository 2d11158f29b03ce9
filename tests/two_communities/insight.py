"""Objects of Insight."""

from __future__ import annotations

from datetime import timedelta

from qunce.core import community_days
from qunce.groups.groups import Group
from qunce.insight.findings import decisions
from qunce.insight.findings.finding import Finding, Findings
from qunce.insight.findings.models import FindingReport
from qunce.insight.funnels import funnels
from qunce.insight.goals import goals
from qunce.insight.notebook import notebook
from qunce.insight.portraits import persona_cards
from qunce.insight.positioning import sheets
from qunce.insight.reports import reports
from qunce.members.segments.segments import Segment
from tests.two_communities.data import TwoCommunities


def add_funnel(data: TwoCommunities) -> None:
    """A funnel that begins in the hidden group."""
    group = Group.objects.get(pk=data.ids["group"])
    joined = {"kind": "group.joined", "where": {"group": [group.key]}}
    row = funnels.create(
        community=data.community,
        name="Homely Funnel",
        definition={"steps": [joined, {"kind": "member.joined"}], "order": "loose"},
        by=data.owner,
        at=data.at,
    )
    data.ids["funnel"] = row.pk


def add_notebook_entry(data: TwoCommunities) -> None:
    row = notebook.create(
        community=data.community,
        kind="competitor",
        who="Homely Rival",
        title="Homely Offer",
        by=data.owner,
        at=data.at,
    )
    data.ids["notebook entry"] = row.pk


def add_goal(data: TwoCommunities) -> None:
    """A goal of the hidden group."""
    today = community_days.to_date(data.community.day(data.at))
    row = goals.create(
        community=data.community,
        name="Homely Goal",
        metric="joins",
        group=Group.objects.get(pk=data.ids["group"]).key,
        direction="at_least",
        target="3",
        first=today,
        last=today + timedelta(days=9),
        by=data.owner,
        at=data.at,
    )
    data.ids["goal"] = row.pk


def add_positioning(data: TwoCommunities) -> None:
    """Two versions of the sheet, of which the first has the number 1."""
    for product in ("Homely Tea", "Homely Coffee"):
        sheets.save(
            community=data.community,
            content={"product": product},
            by=data.owner,
            at=data.at,
        )
    data.ids["positioning version"] = 1


def add_persona_card(data: TwoCommunities) -> None:
    persona_cards.save(
        segment=Segment.objects.get(pk=data.ids["segment"]),
        name="Homely Persona",
        by=data.owner,
        at=data.at,
    )


def add_findings(data: TwoCommunities) -> None:
    """An open finding about the hidden group, and one that was dismissed."""
    group = Group.objects.get(pk=data.ids["group"])
    today = community_days.to_date(data.community.day(data.at))
    yesterday = today - timedelta(days=1)
    found = [
        Finding(
            metric=metric,
            level="group",
            direction="up",
            since=yesterday,
            until=yesterday,
            days=1,
            observed=14,
            expected=3,
            is_daily=False,
            p_value=0.001,
            action=action,
            group=group.key,
            group_name=group.name,
        )
        for metric, action in (("leaves", "group_posts"), ("joins", "welcome"))
    ]
    result = Findings(until=yesterday, findings=tuple(found))
    FindingReport.objects.create(
        community=data.community,
        day=today,
        result=result.to_json(),
        computed_at=data.at,
    )
    row = decisions.dismiss(
        community=data.community,
        cell=found[1].cell,
        reason="Homely Reason",
        by=data.owner,
        at=data.at,
    )
    data.ids["finding decision"] = row.pk


def add_report(data: TwoCommunities) -> None:
    """A report of the whole community, with the hidden group in it."""
    row = reports.create(
        community=data.community, kind="daily", by=data.owner, at=data.at
    )
    data.ids["report"] = row.pk
