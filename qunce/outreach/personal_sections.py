"""What outreach stores about a person, in the export of their data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qunce.channels.accounts import personal_data
from qunce.groups.groups import Group
from qunce.members.accounts import queries as account_queries
from qunce.members.people import person_export
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.care.models import CareOccasion
from qunce.outreach.opt_outs import OptOut
from qunce.outreach.playbooks.definitions import Subject
from qunce.outreach.playbooks.models import Run, RunStep
from qunce.outreach.sending.ledger import Message, Origin
from qunce.outreach.tasks.staff_tasks import TaskTarget
from qunce.outreach.welcomes.models import WelcomeDecision

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records

STEP_FIELDS = ("step", "kind", "state", "reason", "due_at", "at")


@person_export.register("opt_outs")
def _opt_outs(community: Community, ids: Sequence[int]) -> Records:
    rows = OptOut.objects.filter(account_id__in=ids).order_by("pk")
    return list(rows.values("account_id", "present", "source", "set_at"))


@person_export.register("channel_records")
def _channel_records(community: Community, ids: Sequence[int]) -> Records:
    """What channels keep themselves, such as direct chats and mutes."""
    keys = account_queries.keys_by_id(community, ids)
    return personal_data.list_of(community.pk, set(keys.values()))


@person_export.register("messages")
def _messages(community: Community, ids: Sequence[int]) -> Records:
    rows = Message.objects.filter(
        community=community, is_group=False, target_id__in=ids
    ).order_by("changed_at", "pk")
    campaigns = Campaign.objects.filter(
        pk__in=[row.origin_id for row in rows if row.origin == Origin.CAMPAIGN]
    )
    names = dict(campaigns.values_list("pk", "name"))
    return [
        {
            "origin": row.origin,
            "name": names.get(row.origin_id, "")
            if row.origin == Origin.CAMPAIGN
            else "",
            "purpose": row.purpose,
            "text": row.text,
            "state": row.state,
            "reason": row.reason,
            "note": row.note,
            "changed_at": row.changed_at,
        }
        for row in rows
    ]


@person_export.register("staff_tasks")
def _staff_tasks(community: Community, ids: Sequence[int]) -> Records:
    rows = TaskTarget.objects.filter(
        task__request__community=community, target_id__in=ids
    ).order_by("pk")
    return [
        {
            "kind": row.task.request.kind,
            "title": row.task.request.title,
            "outcome": row.outcome,
            "changed_at": row.changed_at,
        }
        for row in rows.select_related("task__request")
    ]


@person_export.register("care")
def _care(community: Community, ids: Sequence[int]) -> Records:
    """Occasions with the message that was written for them, or the gift."""
    rows = CareOccasion.objects.filter(
        rule__community=community, account_id__in=ids
    ).order_by("pk")
    messages = Message.objects.filter(
        origin=Origin.CARE, origin_id__in=rows.values("pk"), is_group=False
    )
    texts = dict(messages.values_list("origin_id", "text"))
    return [
        {
            "account_id": row.account_id,
            "name": row.rule.name,
            "occasion": row.rule.occasion["on"],
            "day": row.day.day,
            "message": texts.get(row.pk, ""),
            "gift": row.day.request.text if row.day.request else "",
            "amount": row.amount,
            "state": row.state,
            "reason": row.reason,
            "at": row.at,
        }
        for row in rows.select_related("rule", "day__request")
    ]


@person_export.register("welcomes")
def _welcomes(community: Community, ids: Sequence[int]) -> Records:
    """What was decided about each join; the texts are among the messages."""
    rows = WelcomeDecision.objects.filter(community=community, account_id__in=ids)
    found = list(rows.select_related("welcome").order_by("pk"))
    groups = Group.objects.filter(pk__in=[row.group_id for row in found])
    names = dict(groups.values_list("pk", "name"))
    return [
        {
            "account_id": row.account_id,
            "joined_at": row.joined_at,
            "group": names.get(row.group_id or 0, ""),
            "name": row.welcome.name if row.welcome else "",
            "reason": row.reason,
            "decided_at": row.decided_at,
        }
        for row in found
    ]


@person_export.register("playbook_runs")
def _playbook_runs(community: Community, ids: Sequence[int]) -> Records:
    runs = Run.objects.filter(
        playbook__community=community,
        playbook__subject=Subject.MEMBER,
        target_id__in=ids,
    ).order_by("pk")
    steps: dict[int, list[Mapping[str, object]]] = {}
    for row in RunStep.objects.filter(run__in=runs).order_by("pk"):
        values = {name: getattr(row, name) for name in STEP_FIELDS}
        steps.setdefault(row.run_id, []).append(values)
    return [
        {
            "account_id": run.target_id,
            "name": run.playbook.name,
            "number": run.number,
            "triggered_at": run.triggered_at,
            "started_at": run.started_at,
            "ended_at": run.ended_at,
            "state": run.state,
            "ending": run.ending,
            "steps": steps.get(run.pk, []),
        }
        for run in runs.select_related("playbook")
    ]
