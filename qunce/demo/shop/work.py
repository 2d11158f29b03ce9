"""Yesterday's work in the demo: what waits on Today for whoever opens it first."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import community_days, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.demo import build, idea_box
from qunce.demo.shop import web_shop
from qunce.demo.simulation.texts import ideas as idea_texts
from qunce.importing import background_imports
from qunce.importing.jobs import uploads
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import notes
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.sending import assisted_outcomes, assisted_sending, campaign_tasks
from qunce.sets import audiences

AUDIENCE = "families-not-written-to"
FILE_NAME = "callbacks.csv"
HOUR = timedelta(hours=1)
MIN_AUDIENCE = 12
"""Members that make a campaign with three senders worth showing."""


@dataclass(frozen=True)
class Scene:
    """The staff of the demo, and the end of yesterday's working day."""

    community: Community
    owner: Staff
    colleagues: list[Staff]
    evening: datetime
    at: datetime


def prepare(*, community: Community, owner: Staff, at: datetime) -> None:
    """Prepare the work once; later calls leave what has been done since alone."""
    if campaigns.Campaign.objects.filter(community=community).exists():
        return
    # Colleagues cannot sign in, because they have no password.
    colleagues = [
        build.ensure_staff(
            community=community,
            login=f"{community.key}-{login}",
            name=name,
            role="operator",
            at=at,
        )
        for login, name in (("mei", _("Lin Mei")), ("tom", _("Tom Reyes")))
    ]
    yesterday = community_days.start_of(
        community.timezone, community.day_start, community.day(at) - 1
    )
    evening = timestamps.from_micros(yesterday) + 17 * HOUR
    scene = Scene(community, owner, colleagues, evening, at)
    send_campaign(scene)
    write_notes(scene)
    web_shop.import_files(scene)
    import_callbacks(scene)
    words = idea_texts.SHOP["zh" if community.language == "zh-hans" else "en"]
    makers = [scene.colleagues[0], owner]
    idea_box.fill(words, by=owner, makers=makers, at=at)


def send_campaign(scene: Scene) -> None:
    """Give a campaign to three senders; two have begun, one has not."""
    senders = [scene.owner, *scene.colleagues]
    campaign = campaigns.create(
        community=scene.community,
        name=_("We have missed you"),
        text=_(
            "Hello {name|neighbour}, it has been a while. Your usual store has kept a"
            " small thank-you for you this week. — {staff}"
        ),
        rule=_rule(scene),
        staff=[sender.pk for sender in senders],
        due_at=scene.evening + 24 * HOUR,
        by=scene.owner,
        at=scene.evening - 3 * HOUR,
    )
    launch.start(campaign=campaign, by=scene.owner, at=scene.evening - 3 * HOUR)
    _mark_share(scene.owner, 2, scene.evening - HOUR)
    _mark_share(scene.colleagues[0], 3, scene.evening - HOUR)
    assisted_outcomes.record_final_marks(at=scene.at)


def _mark_share(sender: Staff, divisor: int, at: datetime) -> None:
    """Mark one of `divisor` recipients, the first of them as not found."""
    for task in campaign_tasks.list_open(sender, at):
        rows = assisted_sending.open_next(task=task, by=sender, at=at)
        done = rows[: len(rows) // divisor]
        for row in done[1:]:
            assisted_sending.mark_sent(
                task=task, target=row.target_id, by=sender, at=at
            )
        for row in done[:1]:
            assisted_sending.mark_failed(
                task=task,
                target=row.target_id,
                reason=skip_reasons.SendFailure.NOT_FOUND,
                by=sender,
                at=at,
            )


def _rule(scene: Scene) -> Any:
    # In a small sample few members may match, then a wider rule is used.
    rules: tuple[Any, ...] = (
        {"segment": {"any": [AUDIENCE]}},
        {"layer": {"of": "value", "in": ["high"]}},
        {"all": []},
    )
    for rule in rules:
        if len(_list_people(scene, rule, MIN_AUDIENCE)) == MIN_AUDIENCE:
            return rule
    return rules[-1]


def _list_people(scene: Scene, rule: Any, limit: int) -> list[int]:
    return audiences.list_ids(
        community=scene.community, rule=rule, by=scene.owner, at=scene.at, limit=limit
    )


def write_notes(scene: Scene) -> None:
    """Write three notes: two follow-ups are due now, one is due tomorrow."""
    texts = (
        (
            _("Asked for gluten-free bread last week."),
            _("Let them know it is in stock"),
            14,
        ),
        (
            _("Moved house; the other store is nearer now."),
            _("Offer to change the store"),
            16,
        ),
        (_("Wants to hear about the wine evening."), _("Send the date"), 40),
    )
    people = _list_people(scene, _rule(scene), len(texts))
    for account_id, (text, step, hours) in zip(people, texts, strict=False):
        notes.create(
            account=account_models.Account.objects.get(pk=account_id),
            text=text,
            next_step=step,
            due_at=scene.evening + hours * HOUR,
            by=scene.owner,
            at=scene.evening,
        )


def import_callbacks(scene: Scene) -> None:
    """Import a list of callbacks, which is rejected because of three broken rows."""
    people = _list_people(scene, {"all": []}, 20)
    keys = [*account_queries.keys_by_id(scene.community, people).values()]
    rows = [[key, "called back", "2"] for key in keys]
    # Broken rows: no member, a depth that is no number, no tag.
    rows.insert(3, ["", "called back", "1"])
    rows.insert(7, [keys[0], "called back", "twice"])
    rows.append([keys[1], "", "1"])
    path = uploads.new_upload_path(scene.community)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["member_key", "tag", "depth"], *rows])
    upload = uploads.accept(path=path, name=FILE_NAME, by=scene.owner, at=scene.at)
    uploads.change_options(upload=upload, by=scene.owner, target="tags")
    job = background_imports.start(upload=upload, by=scene.owner, at=scene.at)
    background_imports.run(str(job.pk), at=scene.at)
