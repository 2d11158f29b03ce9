"""One object of each kind of outreach, named as in the other modules."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from PIL import Image

from qunce.core import timestamps
from qunce.outreach import opt_outs
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.care import budgets
from qunce.outreach.care import rules as care_rules
from qunce.outreach.care.models import CareDay, CareOccasion
from qunce.outreach.content import files, message_templates
from qunce.outreach.content.materials import library as materials
from qunce.outreach.group_templates import applications, previews, templates
from qunce.outreach.ideas import feeds, ideas
from qunce.outreach.playbooks import (
    advancing,
    lifecycle,
    playbooks,
    run_entries,
)
from qunce.outreach.playbooks.models import Run, StaffNotice
from qunce.outreach.sending import assisted_sending, campaign_tasks, ledger
from qunce.outreach.series import episodes, occurrences, series
from qunce.outreach.service_styles import styles
from qunce.outreach.tasks import requests, staff_tasks
from qunce.outreach.welcomes import welcomes
from qunce.sets.bitmaps import bitmaps
from qunce.sets.mirror import deriver
from tests.two_communities.data import TwoCommunities


def add_materials(data: TwoCommunities) -> None:
    common: dict[str, Any] = {"by": data.owner, "at": data.at}
    content = io.BytesIO()
    Image.new("RGB", (2, 2)).save(content, "PNG")
    content.seek(0)
    picture = files.store(content=content, name="homely.png", **common)
    product = materials.create(
        community=data.community,
        kind="product",
        title="Homely Product",
        price=100,
        url="https://homely.example/product",
        files=[picture],
        content_type="offer",
        **common,
    )
    template = message_templates.create(
        community=data.community,
        name="Homely Template",
        purpose="welcome",
        texts={"A": "Hello {name|friend}"},
        **common,
    )
    data.ids |= {
        "material": product.pk,
        "file": picture.pk,
        "template": template.pk,
    }


def add_ideas(data: TwoCommunities) -> None:
    common: dict[str, Any] = {"by": data.owner, "at": data.at}
    idea = ideas.create(
        community=data.community,
        title="Homely Idea",
        url="https://homely.example/idea",
        **common,
    )
    feed = feeds.add(
        community=data.community,
        title="Homely Feed",
        url="https://homely.example/feed",
        **common,
    )
    data.ids |= {"idea": idea.pk, "feed": feed.pk}


def add_welcome_and_style(data: TwoCommunities) -> None:
    by: dict[str, Any] = {"by": data.owner, "at": data.at}
    welcome = welcomes.create(
        community=data.community,
        name="Homely welcome",
        text="Hello",
        is_for_others=True,
        staff=data.owner,
        **by,
    )
    style = styles.create(community=data.community, name="Homely style", **by)
    data.ids |= {"welcome": welcome.pk, "style": style.pk}


def add_care(data: TwoCommunities) -> None:
    common: dict[str, Any] = {"by": data.owner, "at": data.at}
    budgets.set_amount(community=data.community, amount=10_000, **common)
    rule = care_rules.create(
        community=data.community,
        name="Homely Care",
        occasion={"on": "joined", "unit": "days", "numbers": [100]},
        text="Thank you",
        staff=data.owner,
        amount=100,
        **common,
    )
    day = CareDay.objects.create(
        rule=rule,
        day=data.at.date(),
        key="days-100",
        due_at=data.at,
        stale_at=data.at,
        size=1,
        unclaimed=bitmaps.to_bytes(bitmaps.of([])),
        unclaimed_count=0,
        created_at=data.at,
    )
    occasion = CareOccasion.objects.create(
        rule=rule,
        day=day,
        key=day.key,
        account_id=data.ids["member"],
        state="planned",
        month=budgets.month_of(data.community, data.at),
        amount=100,
        at=data.at,
    )
    data.ids |= {"care rule": rule.pk, "care occasion": occasion.pk}


def add_campaigns(data: TwoCommunities) -> None:
    common: dict[str, Any] = {"by": data.owner, "at": data.at}
    deriver.catch_up()
    draft = campaigns.create(community=data.community, name="Homely Draft", **common)
    sent = campaigns.create(
        community=data.community,
        name="Homely Campaign",
        text="Hello {name}",
        rule={"all": []},
        staff=[data.owner.pk],
        skip_recently_contacted=False,
        **common,
    )
    launch.start(campaign=sent, **common)
    task = campaign_tasks.CampaignTask.objects.get(campaign=sent)
    assisted_sending.open_next(task=task, **common)
    hidden = data.ids["member"]
    opt_outs.opt_out(community=data.community, accounts=[hidden], **common)
    assert ledger.list_of(ledger.Origin.CAMPAIGN, sent.pk).filter(target_id=hidden)
    data.ids |= {"draft": draft.pk, "campaign": sent.pk, "task": task.pk}
    asked = requests.create(
        draft=requests.Draft(
            kind="moments", title="Homely Moments", text="Hello", staff=[data.owner.pk]
        ),
        **common,
    )
    moments = staff_tasks.StaffTask.objects.get(request=asked)
    data.ids |= {"task request": asked.pk, "staff task": moments.pk}


def add_playbook(data: TwoCommunities) -> None:
    """A playbook with the hidden member in it, and a message that the owner is to post."""
    common: dict[str, Any] = {"by": data.owner, "at": data.at}
    send = {"id": "a", "kind": "send", "text": "Hello", "staff": data.owner.login}
    notify = {"id": "n", "kind": "notify", "text": "Look", "staff": data.owner.login}
    wait = {"id": "w", "kind": "wait", "delay": {"minutes": 600}}
    definition = {
        "entry": {"on": "fact", "fact": "coupon.redeemed"},
        "steps": [{**send, "purpose": "service"}, notify, wait],
    }
    playbook = playbooks.create(
        community=data.community,
        name="Homely Playbook",
        definition=definition,
        **common,
    )
    lifecycle.switch_on(playbook=playbook, choice=lifecycle.Choice(), **common)
    new = run_entries.NewRun(data.ids["member"], "fact:1", data.at)
    run_entries.add_pending(playbook, [new], data.at)
    advancing.advance_all(at=data.at)
    run = Run.objects.get(playbook=playbook)
    post = ledger.Message.objects.get(origin=ledger.Origin.PLAYBOOK)
    data.ids |= {"playbook": playbook.pk, "run": run.pk, "post": post.pk}
    data.ids["notice"] = StaffNotice.objects.get().pk


def add_series(data: TwoCommunities) -> None:
    """A series in the hidden group, with an episode that waits for its next time."""
    common: dict[str, Any] = {"by": data.owner, "at": data.at}
    row = series.create(
        community=data.community,
        name="Homely Series",
        rhythm={"days": {"weekdays": list(range(7))}, "slots": [{"time": "08:00"}]},
        groups=[data.ids["group"]],
        staff=data.owner,
        **common,
    )
    episode = episodes.add(series=row, text="Hello", **common)
    soon = data.at + timedelta(days=2)
    slot = occurrences.list_upcoming(series=row, until=soon, **common)[0].slot_at
    data.ids |= {
        "series": row.pk,
        "episode": episode.pk,
        "slot": timestamps.to_micros(slot),
    }


def add_group_templates(data: TwoCommunities) -> None:
    """A template that the hidden group and the open one follow."""
    common: dict[str, Any] = {"by": data.owner, "at": data.at}
    template = templates.create(
        community=data.community,
        name="Homely Template",
        content={"details": {"kind": "vip"}},
        **common,
    )
    data.ids["group template"] = template.pk
    for group in ("group", "open group"):
        asked: dict[str, Any] = {"template": template, "groups": [data.ids[group]]}
        shown = previews.compute(**asked, **common)
        done = applications.apply(**asked, digest=shown.digest, **common)
        data.ids[f"application of {group}"] = done.pk
