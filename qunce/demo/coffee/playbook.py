"""A playbook for new members that has been running for two weeks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.demo.coffee.context import Context
from qunce.members.accounts.accounts import MemberJoined
from qunce.outreach.playbooks import (
    advancing,
    lifecycle,
    playbooks,
    run_entries,
    staff_notices,
    templates,
)
from qunce.outreach.playbooks.models import Playbook
from qunce.outreach.playbooks.run_entries import NewRun
from qunce.outreach.sending import assisted_messages
from qunce.sets import timelines

TEMPLATE, POSTER = "first-days", "manager"
SPAN, STEP = timedelta(days=14), timedelta(hours=12)
POSTED_WITHIN = timedelta(hours=20)
MAX_RUNS = 60


def create(context: Context) -> None:
    """Create and run it once; what has been done since stays."""
    if Playbook.objects.filter(community=context.community).exists():
        return
    # In one transaction, so that a load after a kill finds all of it or nothing.
    with transaction.atomic():
        _run(context, _switch_on(context))


def _switch_on(context: Context) -> Playbook:
    template = templates.find(TEMPLATE)
    assert template is not None  # noqa: S101 - it is one of ours
    by, at = context.staff[POSTER], context.at - SPAN
    with translation.override(context.community.language):
        playbook = playbooks.create(
            community=context.community,
            name=str(template.name),
            definition=_definition(template.definition(staff=by.login), by.login),
            by=by,
            at=at,
        )
    lifecycle.switch_on(playbook=playbook, choice=lifecycle.Choice(), by=by, at=at)
    return playbook


def _definition(definition: Any, login: str) -> Any:
    """The template with a second text to compare, and a notice about each newcomer.

    Its greeting is left out, as the welcomes of the demo greet newcomers.
    """
    story = _("{name|Hello}, how our roastery began: a story of two minutes.")
    steps = [
        {**step, "variants": [{"name": _("story"), "text": story, "share": 50}]}
        if step["id"] == "value"
        else step
        for step in definition["steps"]
    ]
    text = _("A newcomer has joined. Greet them in the shop, too.")
    notice = {"id": "notice", "kind": "notify", "text": text, "staff": login}
    return {**definition, "steps": [notice, *steps[1:]]}


def _run(context: Context, playbook: Playbook) -> None:
    """Let its time pass: members join, steps come due, and staff post the messages."""
    by, end = context.staff[POSTER], context.at
    joined = timelines.list_facts_of_kinds(
        community=context.community,
        kinds=[MemberJoined.kind],
        since=end - SPAN,
        until=end,
    )
    waiting = [
        NewRun(fact.account, f"fact:{fact.id}", fact.happened_at)
        for fact in joined[-MAX_RUNS:]
        if fact.account is not None
    ]
    at = end - SPAN
    while at <= end:
        new = [run for run in waiting if run.at <= at]
        waiting = [run for run in waiting if run.at > at]
        run_entries.add_pending(playbook, new, at)
        advancing.advance_all(at=at)
        if end - at > POSTED_WITHIN:
            for message in assisted_messages.list_open(by=by, at=at):
                assisted_messages.mark_sent(message=message, by=by, at=at)
            for notice in staff_notices.list_open(by=by, at=at):
                staff_notices.mark_done(notice=notice, by=by, at=at)
        at += STEP
