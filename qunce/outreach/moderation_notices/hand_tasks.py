"""Tasks for staff to do in a group what its channel cannot do.

One task has all that is left to do in a case. It goes to whoever decided the case, else to
the owner of the group, else to the first of the staff who see the group.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext as _

from qunce.channels.channel_contract import ActionKind
from qunce.core import permissions
from qunce.core.facts import facts as fact_log
from qunce.core.staff import models as staff_models
from qunce.groups.moderation import moderation_settings
from qunce.groups.moderation.actions import executor
from qunce.groups.moderation.models import Action, ActionState
from qunce.members.message_texts import message_texts
from qunce.members.people import visibility
from qunce.outreach import task_permissions
from qunce.outreach.moderation_notices import notices
from qunce.outreach.moderation_notices.models import HandTask
from qunce.outreach.tasks import staff_tasks
from qunce.outreach.tasks.kinds import moderation as moderation_kind
from qunce.outreach.tasks.staff_tasks import StaffTask, TaskRequest

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.staff.models import Staff

MAX_TITLE, MAX_QUOTE = 80, 300


def react(*, community: Community, facts: Sequence[RecordedFact], at: datetime) -> None:
    """Reaction to `moderation.action_needs_staff`: make a task of each case."""
    numbers = [int(fact.payload["number"]) for fact in facts]
    waiting = Action.objects.filter(
        community=community, pk__in=numbers, state=ActionState.WITH_STAFF
    ).exclude(pk__in=HandTask.objects.values("action_id"))
    by_case: dict[tuple[int, int, int], list[Action]] = {}
    related = waiting.select_related(
        "community",
        "group__owner",
        "case__rule",
        "case__group",
        "case__community",
        "by",
    )
    for action in related.order_by("pk"):
        # An undo is a task of its own.
        is_undo = action.kind not in executor.PUNISHING
        key = action.group_id, action.case_id or -action.pk, int(is_undo)
        by_case.setdefault(key, []).append(action)
    for actions in by_case.values():
        _create(community, actions, at)


def _create(community: Community, actions: Sequence[Action], at: datetime) -> None:
    first = actions[0]
    if (asked := _find_asked(actions)) is not None:
        _add_to(asked, actions)
        return
    staff = _choose(community, first, at)
    if staff is None:
        return
    with translation.override(community.language):
        title, text = title_of(actions), text_of(actions)
    minutes = moderation_settings.load(community).task_minutes
    request = TaskRequest.objects.create(
        community=community,
        kind=moderation_kind.MODERATION.key,
        title=title[:MAX_TITLE],
        text=text,
        group=first.group,
        due_at=at + timedelta(minutes=minutes),
        created_at=at,
        by=first.by or staff_models.system(community),
    )
    StaffTask.objects.create(request=request, staff=staff, created_at=at)
    _add_to(request, actions)
    event = staff_tasks.StaffTaskRequested(
        request=request.pk,
        name=request.title,
        task_kind=request.kind,
        staff=[staff.name],
        size=0,
    )
    fact_log.record(event, community=community, by=None, at=at)


def _find_asked(actions: Sequence[Action]) -> TaskRequest | None:
    """The open task that asks already to remove this person from this group."""
    first = actions[0]
    removing = [ActionKind.KICK, ActionKind.BAN]
    if not first.name or not any(action.kind in removing for action in actions):
        return None
    same = Action.objects.filter(
        group=first.group_id,
        account_id=first.account_id,
        name=first.name,
        kind__in=removing,
        state=ActionState.WITH_STAFF,
    )
    requests = TaskRequest.objects.filter(
        pk__in=HandTask.objects.filter(action_id__in=same.values("pk")).values(
            "request"
        ),
        state=staff_tasks.State.OPEN,
    )
    return requests.order_by("pk").first()


def _add_to(request: TaskRequest, actions: Sequence[Action]) -> None:
    HandTask.objects.bulk_create(
        HandTask(action_id=action.pk, request=request) for action in actions
    )


def _choose(community: Community, action: Action, at: datetime) -> Staff | None:
    assignable = task_permissions.list_assignable_staff(community)
    seeing = [staff for staff in assignable if _sees(staff, action, at)]
    decided_by = action.case.decided_by_id if action.case else None
    for wanted in (action.by_id, decided_by, action.group.owner_id):
        for staff in seeing:
            if staff.pk == wanted:
                return staff
    return seeing[0] if seeing else None


def _sees(staff: Staff, action: Action, at: datetime) -> bool:
    """Whether staff may see all that the task names: group, member and message."""
    if staff.groups is not None and action.group.key not in staff.groups:
        return False
    has_text = action.case is not None and action.case.text
    if has_text and not permissions.may(staff, message_texts.READ):
        return False
    names_nobody = action.account_id is None and not action.name
    if staff.scope is None or names_nobody:
        return True
    own = [] if action.account_id is None else [action.account_id]
    return bool(visibility.filter_visible(by=staff, accounts=own, at=at))


def title_of(actions: Sequence[Action]) -> str:
    """What to do first, with the name to look for."""
    kinds = {action.kind for action in actions}
    name = actions[0].name or _("the author")
    values = {"name": name[:30], "group": actions[0].group.name[:30]}
    if kinds & {ActionKind.KICK, ActionKind.BAN}:
        return _("Remove %(name)s from “%(group)s”") % values
    if ActionKind.MUTE in kinds:
        return _("Mute %(name)s in “%(group)s”") % values
    if ActionKind.DELETE in kinds:
        return _("Delete a message of %(name)s in “%(group)s”") % values
    if ActionKind.CLOSE_DOOR in kinds:
        return _("Close “%(group)s” for newcomers") % values
    if ActionKind.OPEN_DOOR in kinds:
        return _("Open “%(group)s” for newcomers again") % values
    if ActionKind.INVITE in kinds:
        return _("Invite %(name)s back into “%(group)s”") % values
    return _("Let %(name)s write in “%(group)s” again") % values


def text_of(actions: Sequence[Action]) -> str:
    """The nickname to copy, the message to find, and the notice for the member."""
    first = actions[0]
    lines = [_("Go to the group “%(group)s”.") % {"group": first.group.name}]
    if first.name:
        lines.append(_("Nickname: %(name)s") % {"name": first.name})
    case = first.case
    if case is not None and case.text:
        quote = case.text[:MAX_QUOTE]
        lines.append(_("The message: %(text)s") % {"text": quote})
    if case is not None and first.kind in executor.PUNISHING:
        lines.append(
            _("If you write to them: %(text)s") % {"text": notices.acted_text(case)}
        )
    return "\n".join(lines)


def react_to_finished(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `staff_task.finished`: what was left to staff is done."""
    requests = {int(fact.payload["request"]) for fact in facts}
    rows = HandTask.objects.filter(request__in=requests, request__community=community)
    executor.mark_done_by_staff(list(rows.values_list("action_id", flat=True)), at=at)
