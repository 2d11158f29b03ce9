"""One community for the sweep of verbs: what a scope hides, and what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models, transaction

from qunce.channels.accounts.models import ChannelAccount, MissedMessages
from qunce.channels.inbox import IncomingEvent
from qunce.channels.webhooks.deliveries import Delivery
from qunce.channels.webhooks.endpoints import Endpoint
from qunce.core.jobs.job_queue import QueuedJob
from qunce.core.staff.api_keys import ApiKey
from qunce.core.staff.entry_links import EntryLink
from qunce.core.staff.models import Staff
from qunce.core.staff.roles import CustomRole
from qunce.core.staff.units import Unit
from qunce.groups import groups
from qunce.groups.complaints.models import Complaint
from qunce.groups.groups import Group
from qunce.groups.wishes.models import Wish, WishVoice
from qunce.importing.jobs import jobs
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.jobs.uploads import Upload
from qunce.insight.findings.models import FindingDecision
from qunce.insight.funnels import funnels
from qunce.insight.funnels.models import Funnel
from qunce.insight.goals.models import Goal
from qunce.insight.notebook.models import NotebookEntry
from qunce.insight.reports.models import Report
from qunce.members.accounts import accounts
from qunce.members.accounts.models import Account, Placeholder, SharedIdentifier
from qunce.members.attributes.attributes import Attribute
from qunce.members.layers.layers import Layering
from qunce.members.message_texts.models import MessageText
from qunce.members.people import notes, people
from qunce.members.people.merges import Merge
from qunce.members.people.notes import Note
from qunce.members.saved_views.models import SavedView
from qunce.members.segments.segments import Segment
from qunce.members.staff_in_charge import hand_overs
from qunce.members.staff_in_charge.models import HandOver
from qunce.members.tag_rules.models import TagRule, TagRuleRun
from qunce.members.tags import assignments
from qunce.members.tags.models import Synonym, Tag, TagBatch, TagGroup
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.care.models import CareOccasion, CareRule
from qunce.outreach.content.materials.models import Material
from qunce.outreach.content.message_templates import MessageTemplate
from qunce.outreach.group_templates.models import Application, GroupTemplate
from qunce.outreach.ideas.models import Feed, Idea
from qunce.outreach.playbooks.models import Playbook, StaffNotice
from qunce.outreach.replies.models import Answer, Conversation, ReplyRule
from qunce.outreach.sending.campaign_tasks import CampaignTask
from qunce.outreach.sending.ledger import Message
from qunce.outreach.series import episodes, series
from qunce.outreach.series.models import Episode, Series
from qunce.outreach.service_styles.models import ServiceStyle
from qunce.outreach.tasks import requests
from qunce.outreach.tasks.staff_tasks import StaffTask, TaskRequest
from qunce.outreach.welcomes.models import Welcome
from qunce.sales import orders
from qunce.sales.models import Order
from qunce.sets.mirror import deriver
from tests import factories, two_communities
from tests.two_communities import feedback

OBJECTS: dict[str, type[models.Model]] = {
    "account": Account,
    "twin": Account,
    "merge": Merge,
    "note": Note,
    "tag": Tag,
    "other_tag": Tag,
    "tag_group": TagGroup,
    "batch": TagBatch,
    "hand-over": HandOver,
    "synonym": Synonym,
    "attribute": Attribute,
    "segment": Segment,
    "layering": Layering,
    "group": Group,
    "order": Order,
    "placeholder": Placeholder,
    "shared": SharedIdentifier,
    "unit": Unit,
    "staff": Staff,
    "key": ApiKey,
    "entry": EntryLink,
    "role": CustomRole,
    "channel account": ChannelAccount,
    "missed": MissedMessages,
    "endpoint": Endpoint,
    "delivery": Delivery,
    "upload": Upload,
    "job": ImportJob,
    "event": IncomingEvent,
    "view": SavedView,
    "queued": QueuedJob,
    "linked": Staff,
    "draft": Campaign,
    "campaign": Campaign,
    "task": CampaignTask,
    "asked": TaskRequest,
    "errand": StaffTask,
    "welcome": Welcome,
    "style": ServiceStyle,
    "tag_rule": TagRule,
    "tag_rule_run": TagRuleRun,
    "care": CareRule,
    "care_occasion": CareOccasion,
    "material": Material,
    "idea": Idea,
    "feed": Feed,
    "template": MessageTemplate,
    "playbook": Playbook,
    "post": Message,
    "notice": StaffNotice,
    "series": Series,
    "group_template": GroupTemplate,
    "application": Application,
    "episode": Episode,
    "funnel": Funnel,
    "notebook entry": NotebookEntry,
    "complaint": Complaint,
    "conversation": Conversation,
    "reply answer": Answer,
    "reply rule": ReplyRule,
    "wish": Wish,
    "wish voice": WishVoice,
    "message text": MessageText,
    "goal": Goal,
    "finding decision": FindingDecision,
    "report": Report,
}


@dataclass
class World:
    """`hidden` and `seen` map names of OBJECTS to ids; verbs get what `ids` has now.

    `staff_by_role` are those who try: `scoped` sees the members with the tag "seen", and
    `limited` the group "open".
    """

    community: Any
    at: datetime
    owner: Staff
    staff_by_role: dict[str, Staff]
    hidden: dict[str, int]
    seen: dict[str, int]
    ids: dict[str, int] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """The object as it is stored, as a verb may have changed another copy."""
        return OBJECTS[name]._default_manager.get(pk=self.ids[name])


@contextmanager
def rolled_back() -> Iterator[None]:
    """Run something for real, and take it back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def build() -> World:
    data = two_communities.build()
    community, owner, at = data.community, data.owner, data.at
    staff = {
        "gone": factories.staff(community, "owner", "gone"),
        "viewer": data.viewer,
        "operator": factories.staff(community, "operator", "operator"),
        "manager": factories.staff(community, "manager", "manager"),
        "scoped": factories.staff(
            community, "manager", "narrow", scope=two_communities.SCOPE
        ),
        "limited": factories.staff(community, "manager", "limited", groups=["open"]),
        "stranger": data.stranger,
        "owner": owner,
    }
    Staff.objects.filter(pk=staff["gone"].pk).update(is_active=False)
    staff["gone"].refresh_from_db()
    ids = data.ids
    hidden = {
        **ids,
        "account": ids["member"],
        "group_template": ids["group template"],
        "application": ids["application of group"],
        "entry": ids["entry link"],
        "asked": ids["task request"],
        "errand": ids["staff task"],
        "other_tag": ids["other tag"],
        "tag_rule": ids["tag rule"],
        "tag_rule_run": ids["tag rule run"],
        "care": ids["care rule"],
        "care_occasion": ids["care occasion"],
        "tag_group": ids["tag group"],
        "job": ids["import"],
        "queued": QueuedJob.objects.get(job=jobs.JOB).pk,
    }
    world = World(community, at, owner, staff, hidden, dict(hidden))
    _add_what_is_seen(world, ids)
    deriver.catch_up()
    return world


def _add_what_is_seen(world: World, ids: dict[str, int]) -> None:
    common: dict[str, Any] = {"by": world.owner, "at": world.at}
    community, scoped = world.community, world.staff_by_role["scoped"]
    tag = Tag.objects.get(pk=ids["tag"])
    twin, third = (
        accounts.create(community=community, key=key, name=key, **common)
        for key in ("seen-twin", "seen-third")
    )
    assignments.apply(tag=tag, accounts=[twin.pk, third.pk], **common)
    seen = Account.objects.get(pk=ids["seen"])
    merge = people.merge(left=seen, right=third, **common)
    deriver.catch_up()
    own: dict[str, Any] = {"by": scoped, "at": world.at}
    world.seen |= {
        "account": seen.pk,
        "twin": twin.pk,
        "merge": merge.pk,
        "note": notes.create(account=seen, text="Note", **common).pk,
        "group": ids["open group"],
        "application": ids["application of open group"],
        "order": orders.record_payment(
            community=community,
            key="Seen-Order",
            account=seen.pk,
            amount=9900,
            currency="CNY",
            paid_at=world.at,
            **common,
        ).pk,
        "batch": assignments.apply(
            tag=Tag.objects.get(pk=ids["other tag"]), accounts=[seen.pk], **own
        ).pk,
        "hand-over": hand_overs.create(
            accounts=[seen.pk], staff=scoped, by=common["by"], at=world.at
        ).pk,
        "draft": campaigns.create(community=community, name="Own draft", **own).pk,
    }
    group = Group.objects.get(pk=ids["open group"])
    groups.add_members(group=group, accounts=[seen.pk], **common)
    sent = factories.started_campaign(scoped, staff=[scoped.pk])
    world.seen |= {"campaign": sent.pk, "task": factories.task(sent, scoped).pk}
    column = series.create(
        community=community,
        name="Seen series",
        rhythm=Series.objects.get(pk=ids["series"]).rhythm,
        groups=[group.pk],
        staff=scoped,
        **common,
    )
    episode = episodes.add(series=column, text="Hello", **common)
    world.seen |= {"series": column.pk, "episode": episode.pk}
    joined = {"kind": "group.joined", "where": {"group": [group.key]}}
    steps = {"steps": [joined, {"kind": "member.joined"}]}
    funnel = funnels.create(
        community=community, name="Seen funnel", definition=steps, **common
    )
    world.seen["funnel"] = funnel.pk
    draft = requests.Draft(kind="moments", title="Own", text="Hi", staff=[scoped.pk])
    asked = requests.create(draft=draft, **own)
    world.seen |= {"asked": asked.pk, "errand": asked.tasks.get().pk}
    world.seen |= feedback.add_of(world, seen.pk, group.pk, "Seen", key="seen")
