"""Yesterday's work in the demo: what waits in Today for who opens it first."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from qunce.cli import createoperator
from qunce.core import community_days, timestamps
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.importing import jobs, jobs_runner, uploads
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import notes
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.sending import assisted_sending, recording, tasks
from qunce.sets import audiences

AUDIENCE = "families-not-written-to"
FILE = "callbacks.csv"
HOUR = timedelta(hours=1)
FEWEST = 12
"""People that a campaign of three senders is worth."""


@dataclass(frozen=True)
class Scene:
    """Who works in the demo, and when yesterday's day at work was over."""

    community: Community
    owner: Staff
    staff: list[Staff]
    evening: datetime
    at: datetime


def login(community: Community, at: datetime) -> tuple[Staff, str]:
    """Who opens the console: an owner, with a new random password each time."""
    word = createoperator.random_password()
    owner = _staff(community, community.key, _("Demo owner"), "owner", at)
    owner.set_password(word)
    owner.save(update_fields=["password"])
    return owner, word


def _staff(
    community: Community, login: str, name: str, role: str, at: datetime
) -> Staff:
    """Logins are of the whole installation; several communities may be demos."""
    if Staff.objects.filter(login=login).exclude(community=community).exists():
        login = f"{login}-{community.pk}"
    mine = Staff.objects.filter(community=community, login=login)
    return mine.order_by("pk").first() or staff_models.create(
        community=community, login=login, name=name, role=role, at=at
    )


def begin(*, community: Community, owner: Staff, at: datetime) -> None:
    """Once, when the demo is first made; what has been done since is left alone."""
    if campaigns.Campaign.objects.filter(community=community).exists():
        return
    # Colleagues cannot sign in: nobody was given their password.
    staff = [
        _staff(community, f"{community.key}-{login}", name, "operator", at)
        for login, name in (("mei", _("Lin Mei")), ("tom", _("Tom Reyes")))
    ]
    evening = timestamps.from_micros(
        community_days.begin(
            community.timezone, community.day_start, community.day(at) - 1
        )
    )
    scene = Scene(community, owner, staff, evening + 17 * HOUR, at)
    _send(scene)
    _promise(scene)
    _import(scene)


def _send(scene: Scene) -> None:
    """Given to three yesterday; two are half through, one has not begun."""
    senders = [scene.owner, *scene.staff]
    campaign = campaigns.create(
        community=scene.community,
        name=_("We have missed you"),
        text=_(
            "Hello {name|neighbour}, it has been a while. Your usual store has kept a"
            " small thank-you for you this week. — {staff}"
        ),
        rule=_rule(scene),
        staff=[staff.pk for staff in senders],
        due_at=scene.evening + 24 * HOUR,
        by=scene.owner,
        at=scene.evening - 3 * HOUR,
    )
    launch.start(campaign=campaign, by=scene.owner, at=scene.evening - 3 * HOUR)
    for staff, part in ((scene.owner, 2), (scene.staff[0], 3)):
        _half(staff, part, scene.evening - HOUR)
    recording.record_final_marks(at=scene.at)


def _half(staff: Staff, part: int, at: datetime) -> None:
    """One of `part` is done, but for somebody who could not be found."""
    for task in tasks.list_open(staff, at):
        rows = assisted_sending.open_next(task=task, by=staff, at=at)
        done = rows[: len(rows) // part]
        for row in done[1:]:
            assisted_sending.mark_sent(task=task, target=row.target_id, by=staff, at=at)
        for row in done[:1]:
            assisted_sending.mark_failed(
                task=task,
                target=row.target_id,
                reason=skip_reasons.SendFailure.NOT_FOUND,
                by=staff,
                at=at,
            )


def _rule(scene: Scene) -> Any:
    """Of a small sample hardly anybody may fit; then all of high value."""
    choices: tuple[Any, ...] = (
        {"segment": {"any": [AUDIENCE]}},
        {"layer": {"of": "value", "in": ["high"]}},
        {"all": []},
    )
    for rule in choices:
        if len(_people(scene, rule, FEWEST)) == FEWEST:
            return rule
    return choices[-1]


def _people(scene: Scene, rule: Any, most: int) -> list[int]:
    return audiences.list_ids(
        community=scene.community, rule=rule, by=scene.owner, at=scene.at, limit=most
    )


def _promise(scene: Scene) -> None:
    """Two follow-ups of yesterday's talks are due now, one is for tomorrow."""
    said = (
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
    people = _people(scene, _rule(scene), len(said))
    for account, (text, step, hours) in zip(people, said, strict=False):
        notes.create(
            account=account_models.Account.objects.get(pk=account),
            text=text,
            next_step=step,
            due_at=scene.evening + hours * HOUR,
            by=scene.owner,
            at=scene.evening,
        )


def _import(scene: Scene) -> None:
    """A list from the phones, refused for the sake of three rows."""
    people = account_queries.keys_by_id(
        scene.community, _people(scene, {"all": []}, 20)
    )
    rows = [[key, "called back", "2"] for key in people.values()]
    rows[3:3] = [["", "called back", "1"]]
    rows[7:7] = [[rows[0][0], "called back", "twice"]]
    rows.append([rows[1][0], "", "1"])
    path = uploads.place(scene.community)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["member_key", "tag", "depth"], *rows])
    upload = uploads.keep(path=path, name=FILE, by=scene.owner, at=scene.at)
    uploads.choose(upload=upload, by=scene.owner, target="tags", mode=jobs.ALL)
    job = jobs_runner.start(upload=upload, by=scene.owner, at=scene.at)
    jobs_runner.perform(str(job.pk), at=scene.at)
