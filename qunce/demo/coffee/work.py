"""What goes on: campaigns in every state, notes and follow-ups, files that wait."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from qunce.channels.webhooks import endpoints
from qunce.core.staff import api_keys
from qunce.core.staff.models import Staff
from qunce.demo import idea_box
from qunce.demo.coffee import content, library, series, staff_work
from qunce.demo.coffee.context import Context
from qunce.demo.simulation.people import OPERATORS
from qunce.demo.simulation.texts import ideas as idea_texts
from qunce.groups import groups
from qunce.importing import background_imports
from qunce.importing.jobs import uploads
from qunce.importing.jobs.uploads import Upload
from qunce.members.accounts.models import Account
from qunce.members.people import notes
from qunce.members.saved_views import saved_views
from qunce.members.segments import frozen, segments
from qunce.members.tags import assignments
from qunce.members.tags import library as tag_library
from qunce.members.tags import merges as tag_merges
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import approvals, campaigns, launch
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.contact_budget import policies
from qunce.outreach.contact_budget.limits import Budget, Limit, Mode, Span
from qunce.outreach.content.materials.models import Material
from qunce.outreach.content.message_templates import TemplateVersion
from qunce.outreach.sending import assisted_outcomes, assisted_sending, campaign_tasks
from qunce.outreach.sending.ledger import Priority

WEBHOOK = "https://shop.example/qunce"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def prepare(context: Context) -> None:
    """Prepare everything once; what has been done since stays."""
    if Campaign.objects.filter(community=context.community).exists():
        return
    library.close_groups(context)
    for name, prepare_file in (
        ("callbacks", import_callbacks),
        ("sign_ups", upload_sign_ups),
    ):
        uploaded = Upload.objects.filter(community=context.community)
        if not uploaded.filter(name=context.words.files[name]).exists():
            prepare_file(context)
    # In one transaction, so that a load after a kill finds all of it or nothing.
    with transaction.atomic():
        write_notes(context)
        tag_by_hand(context)
        save_views(context)
        create_api_key(context)
        create_webhook(context)
        materials, templates = content.create(context)
        send_finished(context, templates["gold"])
        send_late(context, [materials["poster"], materials["geisha"]])
        send_current(context, [materials["water"]])
        plan_next(context)
        series.create(context, materials)
        set_limits(context)
        staff_work.ask(context)
        fill_idea_box(context)
    assisted_outcomes.record_final_marks(at=context.at)


def fill_idea_box(context: Context) -> None:
    makers = [context.staff["wen"], context.owner]
    words = idea_texts.COFFEE[context.simulation.settings.language]
    idea_box.fill(words, by=context.owner, makers=makers, at=context.at)


def write_notes(context: Context) -> None:
    for planned in context.simulation.notes:
        staff = context.staff[planned.staff]
        note = notes.create(
            account=Account(
                pk=context.account_id(planned.person), community=context.community
            ),
            text=planned.text,
            next_step=planned.next_step,
            due_at=context.moment(planned.due_at) if planned.due_at else None,
            by=staff,
            at=context.moment(planned.at),
        )
        if planned.done_at:
            notes.complete(note=note, by=staff, at=context.moment(planned.done_at))


def tag_by_hand(context: Context) -> None:
    """Tag some members in batches of the last days, which staff can undo.

    The tag ends with the season, has levels, and has taken in a twin of itself.
    """
    words, manager = context.words.tags["service"], context.staff["manager"]
    course = words.tags["course"]
    tag = tag_library.get(context.community, course)
    tag_library.set_levels(
        tag=tag, levels=context.words.course_levels, by=manager, at=context.at - 9 * DAY
    )
    twin = tag_library.get(context.community, words.twins["course"])
    tag_merges.merge(tag=twin, into=tag, by=manager, at=context.at - 8 * DAY)
    present = [person for person in context.simulation.people if not person.left_at]
    for days, (login, start) in enumerate(
        zip(OPERATORS, (5, 45, 90, 140), strict=True)
    ):
        accounts = [context.account_id(person) for person in present[start::211][:12]]
        arguments: dict[str, Any] = {
            "tag": tag,
            "by": context.staff[login],
            "at": context.at - (days + 1) * DAY,
            "note": context.words.course_note,
        }
        ends = context.at + (days + 2) * 7 * DAY
        assignments.apply(accounts=accounts, expires_at=ends, **arguments)
        # Some have been to a course once, and two of them five times.
        assignments.deepen(accounts=accounts[:4], **arguments)
        assignments.deepen(accounts=accounts[:2], amount=3, **arguments)


def save_views(context: Context) -> None:
    """Save views of the member list that the manager shares."""
    common = ["layer:value", "spend", "last_order", "staff", "tags"]
    views = {
        "spenders": (common, {}, "-spend"),
        "silent": ([*common, "last_contact"], {"order": ["before:90d"]}, "-spend"),
        "unassigned": (["joined", "source", *common], {"staff": ["nobody"]}, "-joined"),
    }
    for key, (columns, filters, sort_by) in views.items():
        saved_views.save(
            name=context.words.views[key],
            columns=columns,
            filters=filters,
            sort_by=sort_by,
            is_shared=True,
            by=context.staff["manager"],
            at=context.at - 30 * DAY,
        )


def create_api_key(context: Context) -> None:
    api_keys.create(
        name=context.words.online_shop,
        scopes=["orders:write", "members:read"],
        staff=context.staff["manager"],
        by=context.owner,
        at=context.at - 90 * DAY,
    )


def create_webhook(context: Context) -> None:
    """Create a webhook that is paused, because its address does not exist."""
    by, at = context.owner, context.at - 80 * DAY
    endpoint = endpoints.create(
        community=context.community,
        name=context.words.online_shop,
        url=WEBHOOK,
        kinds=["member.joined", "order.refunded"],
        by=by,
        at=at,
    )
    endpoints.pause(endpoint=endpoint, by=by, at=at + HOUR)


def create_campaign(
    context: Context, words: str, *, by: Staff, at: datetime, **fields: Any
) -> Campaign:
    name, text = context.words.campaigns[words]
    return campaigns.create(
        community=context.community, name=name, text=text, by=by, at=at, **fields
    )


def send_finished(context: Context, version: TemplateVersion) -> None:
    """A campaign of the last week that three people finished."""
    manager, start = context.staff["manager"], context.at - 6 * DAY
    senders = [context.staff[login] for login in OPERATORS[:3]]
    campaign = create_campaign(
        context,
        "done",
        by=manager,
        at=start - 2 * HOUR,
        rule={"segment": {"any": ["gold"]}},
        template_version=version,
        staff=[sender.pk for sender in senders],
        due_at=start + DAY,
    )
    launch.start(campaign=campaign, by=manager, at=start)
    for sender in senders:
        mark(sender, start + 3 * HOUR, share=1.0)


def send_late(context: Context, materials: Sequence[Material]) -> None:
    """A campaign to groups: one person has not finished, and it was due this morning."""
    manager, start = context.staff["manager"], context.at - 2 * DAY
    local = [group.key for group in context.simulation.groups if group.kind == "local"]
    ids = groups.find(context.community, local[12:22])
    senders = [context.staff["tom"], context.staff["yi"]]
    campaign = create_campaign(
        context,
        "groups",
        by=manager,
        at=start - HOUR,
        target="groups",
        groups=sorted(ids.values()),
        materials=[material.version.pk for material in materials],
        staff=[sender.pk for sender in senders],
        due_at=context.at - 5 * HOUR,
    )
    launch.start(campaign=campaign, by=manager, at=start)
    mark(senders[1], start + 4 * HOUR, share=1.0)


def send_current(context: Context, materials: Sequence[Material]) -> None:
    """A campaign that the owner and two others are sending now."""
    manager, start = context.staff["manager"], context.at - 20 * HOUR
    senders = [context.owner, context.staff["wen"], context.staff["hao"]]
    campaign = create_campaign(
        context,
        "sending",
        by=manager,
        at=start - HOUR,
        rule={"segment": {"any": ["high-value-silent"]}},
        materials=[material.version.pk for material in materials],
        staff=[sender.pk for sender in senders],
        due_at=context.at + 8 * HOUR,
    )
    launch.start(campaign=campaign, by=manager, at=start)
    mark(context.owner, start + HOUR, share=0.4)
    mark(senders[1], start + 2 * HOUR, share=0.7)


def set_limits(context: Context) -> None:
    """Two messages a week and six a month; one that does not fit waits for a day."""
    budget = Budget(
        limits=(
            Limit(Span.WEEK, Mode.AT_MOST, 2),
            Limit(Span.MONTH, Mode.AT_MOST, 6),
        ),
        hold=timedelta(hours=24),
    )
    policies.update(
        community=context.community,
        budget=budget,
        counts_assisted=True,
        by=context.owner,
        at=context.at - 30 * DAY,
    )


def submit_one(context: Context) -> None:
    """A campaign with a text for gold cards and a hold-out, which waits for the owner."""
    name, text = context.words.campaigns["review_gold"]
    gold = {"name": name, "rule": {"segment": {"any": ["gold"]}}, "text": text}
    campaign = create_campaign(
        context,
        "review",
        by=context.staff["manager"],
        at=context.at - 2 * HOUR,
        rule={"all": []},
        variants=[gold],
        hold_out_per_mille=100,
        staff=[context.staff[login].pk for login in OPERATORS],
    )
    approvals.submit(
        campaign=campaign,
        send_at=context.at + 2 * DAY,
        by=context.staff["manager"],
        at=context.at - HOUR,
    )


def plan_next(context: Context) -> None:
    """One campaign that stopped and asks why, one for tomorrow, and a draft."""
    manager = context.staff["manager"]
    beans_due: dict[str, Any] = {"segment": {"any": ["beans-due"]}}
    stopped = create_campaign(
        context,
        "paused",
        by=manager,
        at=context.at - DAY,
        rule={"segment": {"any": ["talks-never-buys"]}},
        staff=[context.owner.pk],
    )
    launch.start(campaign=stopped, by=manager, at=context.at - DAY)
    note, _text = context.words.campaigns["paused_note"]
    campaigns.pause(campaign=stopped, by=manager, at=context.at - 10 * HOUR, note=note)
    planned = create_campaign(
        context,
        "scheduled",
        by=manager,
        at=context.at - 3 * HOUR,
        rule=beans_due,
        staff=[context.staff[login].pk for login in OPERATORS],
        priority=Priority.HIGH,
        keeps_place=True,
    )
    campaigns.schedule(
        campaign=planned, send_at=context.at + DAY, by=manager, at=context.at - 2 * HOUR
    )
    create_campaign(context, "draft", by=context.owner, at=context.at - 4 * HOUR)
    submit_one(context)
    gold = segments.get(context.community, "gold")
    frozen.freeze(
        community=context.community,
        key=gold.name,
        rule=gold.rule,
        segment=gold,
        by=manager,
        at=context.at - 6 * DAY,
    )


def mark(sender: Staff, at: datetime, *, share: float) -> None:
    """Mark a share of the sender's newest task as sent, the first one as not found."""
    task = campaign_tasks.list_open(sender, at)[-1]
    while rows := assisted_sending.open_next(task=task, by=sender, at=at):
        done = rows if share == 1.0 else rows[: int(len(rows) * share)]
        for index, row in enumerate(done):
            if index:
                assisted_sending.mark_sent(
                    task=task, target=row.target_id, by=sender, at=at
                )
            else:
                assisted_sending.mark_failed(
                    task=task,
                    target=row.target_id,
                    reason=skip_reasons.SendFailure.NOT_FOUND,
                    by=sender,
                    at=at,
                )
        task.refresh_from_db()
        if share < 1.0 or task.finished_at:
            return


def import_callbacks(context: Context) -> None:
    """Import a list of calls, which is rejected because of three broken rows."""
    present = [person for person in context.simulation.people if not person.left_at]
    rows = [
        [person.key, context.words.files["called"], "1"] for person in present[::150]
    ]
    # Broken rows: no member, a depth that is no number, no tag.
    rows.insert(3, ["", context.words.files["called"], "1"])
    rows.insert(7, [present[0].key, context.words.files["called"], "?"])
    rows.append([present[1].key, "", "1"])
    headings = [context.words.headings[name] for name in ("key", "tag", "depth")]
    upload = upload_file(context, "callbacks", [headings, *rows])
    uploads.change_options(upload=upload, by=context.owner, target="tags")
    job = background_imports.start(
        upload=upload, by=context.owner, at=context.at - 2 * HOUR
    )
    background_imports.run(str(job.pk), at=context.at - 2 * HOUR)


def upload_sign_ups(context: Context) -> None:
    """Upload a list whose dates fit two orders, so that it has a question left."""
    year = context.simulation.settings.calendar.first.year - 1
    dates = ("3/5", "4/6", "5/7", "8/9", "10/11")
    headings = [context.words.headings[name] for name in ("key", "name", "joined_at")]
    rows = [
        [
            f"market-{number}",
            f"{context.words.files['guest']} {number}",
            f"{day}/{year}",
        ]
        for number, day in enumerate(dates, start=1)
    ]
    upload_file(context, "sign_ups", [headings, *rows])


def upload_file(context: Context, name: str, rows: list[list[str]]) -> Upload:
    path = uploads.new_upload_path(context.community)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return uploads.accept(
        path=path, name=context.words.files[name], by=context.owner, at=context.at
    )
