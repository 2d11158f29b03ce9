"""A rule of moderation, a case with its appeal, and what else its pages name."""

from __future__ import annotations

from qunce.groups.groups import Group
from qunce.groups.moderation.cases import cases
from qunce.groups.moderation.ladders import ladders
from qunce.groups.moderation.models import (
    CaseSource,
    CaseState,
    MassAction,
    Mode,
    Rung,
    SafetyStop,
    ShadowRun,
)
from qunce.groups.moderation.rules import rules
from qunce.groups.moderation.staff_decisions import appeals
from tests.two_communities.data import TwoCommunities


def add_moderation(data: TwoCommunities) -> None:
    by, at, member = data.owner, data.at, data.ids["member"]
    group = Group.objects.select_related("community").get(pk=data.ids["group"])
    rule = rules.create(
        community=data.community,
        name="Homely rule",
        checks=[{"check": "keywords", "options": {"keywords": ["xyzzy"]}}],
        by=by,
        at=at,
    )
    # Answers repeat the key that was asked for, which tells nobody the name.
    rule.key = "spam"
    rule.save(update_fields=["key"])
    ShadowRun.objects.create(
        rule=rule,
        version=1,
        since=at,
        until=at,
        total=0,
        hits=0,
        created_at=at,
        by=by,
    )
    case = cases.open_case(
        group=group,
        by=None,
        at=at,
        source=CaseSource.RULE,
        rule=rule,
        judged_key="$homely",
        account_id=member,
        responsible_id=member,
        text="Homely xyzzy",
        happened_at=at,
        mode=Mode.ACT,
        rung=Rung.WARN,
        state=CaseState.ACTED,
        is_told=True,
    )
    appeal = appeals.receive(
        community=data.community, account=member, text="appeal: Homely", at=at
    )
    assert appeal is not None
    mass = MassAction.objects.create(
        community=data.community,
        kind="kick",
        group=group,
        accounts=[member],
        reason="Homely reason",
        created_at=at,
    )
    stop = SafetyStop.objects.create(
        group=group, reason="share", number=1, started_at=at
    )
    data.ids |= {
        "moderation rule": rule.pk,
        "moderation case": case.number,
        "appeal": appeal.pk,
        "mass action": mass.pk,
        "safety stop": stop.pk,
        "ladder": ladders.ensure_default(data.community, at).pk,
    }
