"""Two communities, and one object of every kind that a URL can refer to.

Objects of the first community have "Homely" in their names. Those that its scoped
manager must not see have "Hidden" too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from qunce.channels import inbox
from qunce.channels.accounts import missed_messages
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.matrix.models import Room
from qunce.channels.webhooks import deliveries, endpoints
from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.jobs import job_queue
from qunce.core.staff import (
    api_keys,
    entry_links,
    linked_accounts,
    roles,
    staff,
    units,
)
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.importing import background_imports
from qunce.importing.jobs import jobs, uploads
from qunce.members.accounts import accounts, placeholders
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import SharedIdentifier
from qunce.members.attributes import attributes, type_change_jobs
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.layers import layers
from qunce.members.people import notes, people
from qunce.members.saved_views import saved_views
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import segments
from qunce.members.staff_in_charge import hand_overs
from qunce.members.tag_rules import activation, tag_rules
from qunce.members.tag_rules import runs as tag_rule_runs
from qunce.members.tags import assignments, library
from qunce.members.tags import bulk as bulk_tagging
from qunce.members.tags import groups as tag_groups
from qunce.sales import orders
from qunce.sets.bitmaps import bitmaps
from qunce.sets.mirror import deriver
from tests.two_communities import (
    activities,
    feedback,
    group_people,
    insight,
    levels,
    moderation,
    outreach,
    points,
    surveys,
)
from tests.two_communities.data import PASSWORD, SCOPE, TwoCommunities

__all__ = ["PASSWORD", "SCOPE", "TwoCommunities", "build"]


def build(hidden: str = "Hidden") -> TwoCommunities:
    """`hidden` is part of the names of everything outside the manager's scope."""
    at = datetime.now(UTC) - timedelta(minutes=5)
    community = communities.create(key="home", at=at, language="en")
    other = communities.create(key="other", at=at, language="en")
    owner = _staff(community, "boss", "owner", at)
    data = TwoCommunities(
        community=community,
        owner=owner,
        viewer=_staff(community, "viewer", "viewer", at),
        scoped=_staff(community, "scoped", "manager", at, scope=SCOPE, groups=["open"]),
        stranger=_staff(other, "stranger", "owner", at),
        at=at,
    )
    _add_members(data, hidden)
    _add_sets_groups_and_orders(data, hidden)
    _add_settings_and_imports(data)
    _add_tag_rule(data)
    outreach.add_materials(data)
    outreach.add_ideas(data)
    outreach.add_campaigns(data)
    outreach.add_care(data)
    outreach.add_welcome_and_style(data)
    deriver.catch_up()
    outreach.add_playbook(data)
    _add_webhook(data)
    outreach.add_series(data)
    outreach.add_group_templates(data)
    insight.add_funnel(data)
    insight.add_notebook_entry(data)
    insight.add_goal(data)
    insight.add_positioning(data)
    insight.add_findings(data)
    insight.add_report(data)
    insight.add_persona_card(data)
    feedback.add_feedback(data)
    group_people.add_group_people(data)
    moderation.add_moderation(data)
    points.add_points(data)
    levels.add_levels(data)
    activities.add_activities(data)
    surveys.add_surveys(data)
    return data


def _staff(of: Community, login: str, role: str, at: datetime, **fields: Any) -> Staff:
    row = staff_models.create(community=of, login=login, role=role, at=at, name=login)
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()
    return row


def _add_members(data: TwoCommunities, hidden: str) -> None:
    common: dict[str, Any] = {"by": data.owner, "at": data.at}
    community = data.community
    seen = accounts.create(
        community=community, key="seen", name="Homely Seen", **common
    )
    hidden_account = accounts.create(
        community=community,
        key="hidden-key",
        name=f"Homely {hidden} Member",
        identifiers={"phone": "13800009999"},
        **common,
    )
    twin = accounts.create(
        community=community, key="hidden-twin", name=f"{hidden} Twin", **common
    )
    merge = people.merge(left=hidden_account, right=twin, **common)
    group = tag_groups.create(community=community, key="homely-group", **common)
    tag = library.create(
        community=community, key="seen", name="Homely Tag", group=group, **common
    )
    other = library.create(community=community, key="homely-other", **common)
    batch = assignments.apply(tag=tag, accounts=[seen.pk], **common)
    assignments.apply(tag=other, accounts=[hidden_account.pk], **common)
    job = bulk_tagging.start(
        tag=other,
        action=bulk_tagging.APPLY,
        people=bitmaps.of([hidden_account.pk]),
        **common,
    )
    library.add_synonym(tag=tag, key="homely-synonym", **common)
    note = notes.create(
        account=hidden_account,
        text=f"{hidden} Note",
        next_step=f"{hidden} Step",
        due_at=data.at + timedelta(1),
        **common,
    )
    data.ids |= {
        "seen": seen.pk,
        "member": hidden_account.pk,
        "twin": twin.pk,
        "merge": merge.pk,
        "identifier": hidden_account.identifiers.order_by("pk")[0].pk,
        "tag": tag.pk,
        "tag group": group.pk,
        "other tag": other.pk,
        "batch": batch.pk,
        "hand-over": hand_overs.create(
            accounts=[hidden_account.pk], staff=data.owner, by=data.owner, at=data.at
        ).pk,
        "tag job": job.pk,
        "synonym": tag.synonyms.get().pk,
        "note": note.pk,
    }


def _add_sets_groups_and_orders(data: TwoCommunities, hidden: str) -> None:
    common: dict[str, Any] = {"by": data.owner, "at": data.at}
    community, hidden_account = (
        data.community,
        account_queries.get(data.community, "hidden-key"),
    )
    attribute = attributes.define(
        community=community,
        name="homely",
        type="text",
        label="Homely Attribute",
        **common,
    )
    attributes.set_values(
        attribute=attribute, values={hidden_account.pk: f"{hidden} Value"}, **common
    )
    type_change = type_change_jobs.start(
        attribute=attribute, type="number", dry_run=True, **common
    )
    type_change_jobs.run(str(type_change.pk), at=data.at)
    segment = segments.create(
        community=community, key="homely", name="Homely Segment", rule=SCOPE, **common
    )
    frozen = frozen_segments.freeze(
        community=community, key="homely-list", rule=SCOPE, **common
    )
    layering = layers.create(
        community=community,
        key="homely",
        name="Homely Layering",
        spec=layer_specs.VALUE,
        **common,
    )
    layers.recompute(layering=layering, **common)
    open_one = groups.create(
        community=community, key="open", name="Homely Open", **common
    )
    closed = groups.create(
        community=community, key="closed", name=f"Homely {hidden} Group", **common
    )
    groups.add_members(group=closed, accounts=[hidden_account.pk], **common)
    orders.record_payment(
        community=community,
        key=f"{hidden}-Order",
        account=hidden_account.pk,
        amount=9900,
        currency="CNY",
        paid_at=data.at,
        **common,
    )
    data.ids |= {
        "attribute": attribute.pk,
        "type change": type_change.pk,
        "segment": segment.pk,
        "frozen": frozen.pk,
        "layering": layering.pk,
        "open group": open_one.pk,
        "group": closed.pk,
        "order": orders.get(community, f"{hidden}-Order").pk,
    }


def _add_tag_rule(data: TwoCommunities) -> None:
    common: dict[str, Any] = {"by": data.owner, "at": data.at}
    rule = tag_rules.create(
        community=data.community,
        name="Homely Rule",
        condition={"rule": SCOPE},
        effects=[{"do": "add", "tag": "homely-other"}],
        mode="daily",
        **common,
    )
    activation.activate(rule=rule, **common)
    run = tag_rule_runs.run(rule=rule, **common)
    tag_rules.pause(rule=rule, **common)
    data.ids |= {"tag rule": rule.pk, "tag rule run": run.pk}


def _add_settings_and_imports(data: TwoCommunities) -> None:
    common: dict[str, Any] = {"by": data.owner, "at": data.at}
    unit = units.create(
        community=data.community, name="Homely Unit", kind="local", **common
    )
    role = roles.create(name="Homely Role", base="operator", chosen=[], **common)
    elsewhere = _staff(
        communities.create(key="third", at=data.at), "else", "viewer", data.at
    )
    linked_accounts.link(
        first=data.owner,
        second=elsewhere,
        by=(data.owner, staff_models.system(elsewhere.community)),
        at=data.at,
    )
    hired = staff.add(
        login="hired", name="Homely Hired", role="operator", password=PASSWORD, **common
    )
    hired.provider_accounts.create(
        issuer="https://login.example", subject="hired", linked_at=data.at
    )
    key, _token = api_keys.create(
        name="Homely Key", scopes=["members:read"], staff=data.owner, **common
    )
    entry_link = entry_links.create(
        staff=hired,
        role="operator",
        purpose="sidebar",
        valid_for=timedelta(hours=1),
        **common,
    )
    view = saved_views.save(
        name="Homely view",
        columns=["joined"],
        filters={},
        sort_by="-joined",
        is_shared=False,
        by=data.owner,
        at=data.at,
    )
    placeholder = placeholders.add(
        community=data.community, text="homely none", **common
    )
    shared = SharedIdentifier.objects.create(
        community=data.community,
        kind="phone",
        value="4006001234",
        account_count=9,
        found_at=data.at,
    )
    path = uploads.new_upload_path(data.community)
    path.write_text("key,name\nupl-1,Homely Upload\n")
    upload = uploads.accept(path=path, name="Homely.csv", **common)
    job = background_imports.start(upload=upload, **common)
    queued = job_queue.QueuedJob.objects.get(job=jobs.JOB, key=str(job.pk))
    event = inbox.IncomingEvent.objects.create(
        community=data.community,
        channel="homely-channel",
        key="homely-event",
        kind="message",
        payload={},
        happened_at=data.at,
        received_at=data.at,
        attempts=inbox.MAX_ATTEMPTS,
    )
    hook = endpoints.create(
        community=data.community,
        name="Homely Hook",
        url="https://hooks.example.com/homely",
        kinds=["order.paid"],
        **common,
    )
    delivery = deliveries.send_test(endpoint=hook, **common)
    channel_account = ChannelAccount.objects.create(
        community=data.community,
        channel="matrix",
        # Of this machine, which the server does not call.
        address="https://127.0.0.1:9",
        user="@homely-bot:homely.example",
        secret="homely-secret",
        connected_at=data.at,
        by=data.owner,
    )
    Room.objects.create(
        account=channel_account,
        room_id="!homely:homely.example",
        name="Homely Room",
        membership="invite",
        left_by="@homely-stranger:elsewhere.example",
        updated_at=data.at,
    )
    gap = missed_messages.Gap(
        group_key="!homely:homely.example",
        group_name="Homely Room",
        since=data.at,
        until=data.at,
    )
    missed = missed_messages.record(channel_account, gap, at=data.at)
    data.ids |= {
        "channel account": channel_account.pk,
        "missed": missed.pk,
        "endpoint": hook.pk,
        "delivery": delivery.pk,
        "upload": upload.pk,
        "unit": unit.pk,
        "role": role.pk,
        "linked": elsewhere.pk,
        "staff": hired.pk,
        "key": key.pk,
        "entry link": entry_link.pk,
        "placeholder": placeholder.pk,
        "view": view.pk,
        "shared": shared.pk,
        "import": job.pk,
        "job": queued.pk,
        "event": event.pk,
    }


def _add_webhook(data: TwoCommunities) -> None:
    common: dict[str, Any] = {"by": data.owner, "at": data.at}
    endpoint = endpoints.create(
        community=data.community,
        name="Homely Webhook",
        url="https://homely.example/hook",
        kinds=["coupon.redeemed"],
        **common,
    )
    delivery = deliveries.send_test(endpoint=endpoint, **common)
    data.ids |= {"endpoint": endpoint.pk, "delivery": delivery.pk}
