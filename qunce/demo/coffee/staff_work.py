"""Staff tasks of other kinds: a Moments post with likes, invitations, comments, a video."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.demo.coffee.context import Context
from qunce.groups import groups
from qunce.members.tags import library as tag_library
from qunce.outreach.tasks import outcomes, requests
from qunce.outreach.tasks.staff_tasks import StaffTask, TaskRequest, TaskTarget

HOUR = timedelta(hours=1)
LIKES, COMMENTS = 9, 3


def ask(context: Context) -> None:
    words = context.words
    course = tag_library.get(context.community, words.tags["service"].tags["course"])
    gold = {"segment": {"any": ["gold"]}}
    local = [group.key for group in context.simulation.groups if group.kind == "local"]
    (group,) = groups.find(context.community, local[:1]).values()
    moments = request(
        context,
        "moments",
        ["owner", "wen"],
        rule=gold,
        tag=course,
        due=6 * HOUR,
        before=5 * HOUR,
    )
    react(context, moments)
    invitation = request(
        context,
        "invitation",
        ["owner", "tom"],
        rule=gold,
        group=groups.Group.objects.get(pk=group),
        goal=25,
        due=30 * HOUR,
        before=4 * HOUR,
    )
    tap(context, invitation, "invited", 4)
    comment = request(
        context, "comment", ["yi", "hao"], rule=gold, due=-2 * HOUR, before=26 * HOUR
    )
    tap(context, comment, "done", 5)
    request(context, "douyin", ["wen"], due=20 * HOUR, before=3 * HOUR)


def request(
    context: Context,
    kind: str,
    staff: list[str],
    *,
    due: timedelta,
    before: timedelta,
    **fields: Any,
) -> TaskRequest:
    title, text = context.words.task_requests[kind]
    draft = requests.Draft(
        kind=kind,
        title=title,
        text=text,
        staff=[context.staff[login].pk for login in staff],
        due_at=context.at + due,
        **fields,
    )
    manager = context.staff["manager"]
    return requests.create(draft=draft, by=manager, at=context.at - before)


def react(context: Context, moments: TaskRequest) -> None:
    """Members who liked the post of the owner, and some who commented on it."""
    task = moments.tasks.get(staff=context.owner)
    present = [person for person in context.simulation.people if not person.left_at]
    chosen = present[7::97][: LIKES + COMMENTS]
    for index, person in enumerate(chosen):
        outcomes.record(
            task=task,
            account=context.account_id(person),
            outcome="liked" if index < LIKES else "commented",
            by=context.owner,
            at=context.at - HOUR,
        )


def tap(context: Context, asked: TaskRequest, outcome: str, count: int) -> None:
    """The first members of each task have a result."""
    for task in StaffTask.objects.filter(request=asked).select_related(
        "staff__community", "request__community", "request__tag"
    ):
        targets = TaskTarget.objects.filter(task=task).order_by("pk")
        for account in list(targets.values_list("target_id", flat=True)[:count]):
            outcomes.record(
                task=task,
                account=account,
                outcome=outcome,
                by=task.staff,
                at=context.at - HOUR,
            )
