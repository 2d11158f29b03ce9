"""What staff read who name a group, a member or a case that is hidden from them.

Every verb of groups and of the reply inbox that takes `by` is called with a hidden thing and with one that does
not exist: both answers are the same, and name nothing. A verb with a parameter that has
no value here fails.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import models, transaction

import qunce.groups
from qunce.core import errors, timestamps
from qunce.core.facts import interned_names
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.complaints import complaints
from qunce.groups.complaints.complaint_list import Filters
from qunce.groups.entry import gates, group_rules, requests
from qunce.groups.lists import lists
from qunce.groups.moderation.cases import cases
from qunce.groups.moderation.judgements import judging
from qunce.groups.moderation.ladders import ladders
from qunce.groups.moderation.models import SafetyStop
from qunce.groups.moderation.rules import rules
from qunce.groups.moderation.staff_decisions import (
    appeals,
    case_decisions,
    mass_actions,
)
from qunce.groups.overlaps import clean_ups, group_sets
from qunce.groups.wishes import wishes
from qunce.members.accounts.models import Account
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from qunce.members.message_texts.models import MessageText
from qunce.outreach import replies
from qunce.outreach.replies import answers, intake, reply_rules, reply_settings
from qunce.outreach.replies.intake import IncomingMessage
from qunce.outreach.replies.models import Conversation
from tests import factories
from tests.factories import AT, LATER
from tests.groups.moderation.conftest import Chat, channel, chat, word_check

__all__ = ["channel", "chat"]
pytestmark = pytest.mark.django_db
MISSING = 987_654_321
SECRET = "Geheim"
MIN_CALLED = 90


def list_verbs() -> dict[str, Callable[..., Any]]:
    """The functions with `by`, named like `lists.lists.add`."""
    found: dict[str, Callable[..., Any]] = {}
    for package in (qunce.groups, replies):
        prefix = f"{package.__name__}."
        start = package.__name__.rpartition(".")[0] + "."
        for module in pkgutil.walk_packages(package.__path__, prefix):
            if ".migrations" in module.name:
                continue
            loaded = importlib.import_module(module.name)
            for name, value in inspect.getmembers(loaded, inspect.isfunction):
                is_own = value.__module__ == module.name and not name.startswith("_")
                if is_own and "by" in inspect.signature(value).parameters:
                    found[f"{module.name.removeprefix(start)}.{name}"] = value
    return found


VERBS = list_verbs()


@dataclass
class World:
    """A visible and a hidden group, each with one of everything; `limited` sees the first."""

    chat: Chat
    owner: Staff
    limited: Staff
    own: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    hidden: dict[str, Any] = field(default_factory=dict)


def build(chat: Chat, owner: Staff, key: str, name: str) -> dict[str, Any]:
    """One of everything that belongs to a group."""
    shop = chat.community
    by: dict[str, Any] = {"by": owner, "at": AT}
    group = factories.group(shop, key, name=name, platform="fake")
    other = factories.group(shop, f"{key}-2", name=f"{name} 2", platform="fake")
    ids = []
    for number in range(3):
        account = factories.member(
            shop, f"{key}{number}", channel="fake", name=f"{name} {number}"
        )
        ids.append(account.pk)
    groups.add_members(group=group, accounts=ids, **by)
    groups.add_members(group=other, accounts=ids[:1], **by)
    ladder = ladders.create(
        community=shop,
        name=f"Steps {key}",
        rungs=[{"strikes": 1, "rung": "delete"}],
        window_days=30,
        **by,
    )
    rule = rules.create(
        community=shop,
        name=f"Rule {name}",
        checks=[word_check(f"boots{key}")],
        conditions={"groups": [key]},
        ladder=ladder,
        **by,
    )
    rules.set_mode(rule=rule, mode="propose", **by)
    account = Account.objects.get(pk=ids[0])
    chat.people[account.key] = account.pk
    message = chat.message(account.key, f"boots{key}", group=group, account=ids[0])
    with transaction.atomic():
        case = judging.judge(message, at=AT)
    assert case is not None
    source = interned_names.ensure("source", shop.pk, ["fake"])["fake"]
    moment = timestamps.to_micros(AT)
    text = NewText(f"m{key}", ids[0], group.pk, moment, f"Help {name}")
    message_texts.store(shop, source, [text])
    stored = MessageText.objects.get(key=f"m{key}")
    gates.configure(group=group, keywords=["tea"], **by)
    gates.switch(group=group, is_on=True, **by)
    group_rules.publish(group=group, text=f"No adverts, says {name}.", **by)
    asked = factories.member(shop, f"{key}-asks", channel="fake", name=name)
    request = requests.open_request(group=group, account=asked.pk, **by)
    group_set = group_sets.create(name=f"Set {name}", groups=[group, other], **by)
    group_set = group_sets.get(pk=group_set.pk, by=owner)
    complaint = complaints.create(
        community=shop,
        topic="quality",
        title=f"Cup of {name}",
        account=ids[1],
        group=group.pk,
        **by,
    )
    entry = lists.add(
        community=shop, list_name="black", account=ids[2], groups=[group], **by
    )
    mass_action = mass_actions.request(
        group=group, kind="kick", accounts=ids, reason=f"raid of {name}", **by
    )
    stop = SafetyStop.objects.create(
        group=group, reason="rate", number=3, started_at=AT
    )
    case_decisions.confirm(case=case, **by)
    cases.tell(case, AT)
    appeal = appeals.receive(
        community=shop, account=ids[0], text="appeal, I only asked", at=AT
    )
    preview = clean_ups.preview(group_set=group_set, by=owner, at=LATER)
    clean_up = clean_ups.start(
        group_set=group_set, expected=len(preview.departures), by=owner, at=LATER
    )
    for number in (1, 2):
        text = NewText(
            f"c{key}{number}", ids[number], group.pk, moment, f"@helper {name}"
        )
        message_texts.store(shop, source, [text])
        intake.receive(
            IncomingMessage(
                community=shop,
                channel="fake",
                source=source,
                key=text.key,
                account=ids[number],
                group=group.pk,
                happened_at=AT,
                text=text.text,
            ),
            at=AT,
        )
    conversation, answered = Conversation.objects.filter(group_id=group.pk).order_by(
        "pk"
    )
    reply = answers.mark_elsewhere(conversation=answered, **by)
    reply_rule = reply_rules.create(
        community=shop,
        name=f"Hours {key}",
        match="contains",
        text="x",
        words=[f"hours {key}"],
        groups=[group.pk],
        **by,
    )
    return {
        "conversation": conversation,
        "reply": reply,
        "reply_rule": reply_rule,
        "group": group,
        "account": ids[0],
        "accounts": ids,
        "groups": [group],
        "case": case,
        "rule": rule,
        "ladder": ladder,
        "message": stored.pk,
        "request": request,
        "group_set": group_set,
        "complaint": complaint,
        "entry": entry,
        "mass_action": mass_action,
        "stop": stop,
        "appeal": appeal,
        "clean_up": clean_up,
    }


@pytest.fixture(params=["groups", "groups and members"])
def world(request: pytest.FixtureRequest, shop: Any, by: Staff, chat: Chat) -> World:
    reply_settings.change(community=shop, mention_words=["helper"], by=by, at=AT)
    seen = build(chat, by, "north", "Nord")
    hidden = build(chat, by, "south", SECRET)
    limits: dict[str, Any] = {"groups": ["north", "north-2"]}
    if request.param != "groups":
        limits["scope"] = {"group": {"any": ["north", "north-2"]}}
    limited = factories.staff(shop, "manager", "lin", **limits)
    own: dict[str, Any] = {"by": limited, "community": shop}
    wish = wishes.create(community=shop, title="Oat milk", by=by, at=AT)
    own |= {"wish": wish, "into": wish}
    return World(chat, by, limited, own, seen, hidden)


INTERNAL = {
    "groups.complaints.complaints.insert",
    "groups.complaints.complaints.open_again",
    "groups.complaints.complaints.record",
    "groups.moderation.actions.actions.plan",
    "groups.moderation.actions.actions.plan_step",
    "groups.moderation.cases.cases.open_case",
    "groups.moderation.cases.cases.record",
    "groups.moderation.rules.rules.change_mode",
    "groups.moderation.staff_decisions.case_decisions.reverse",
    "groups.overlaps.boards.people_by_group",
    "replies.answers.note_elsewhere",
    "replies.conversations.set_staff",
    "replies.conversations.wait_again",
    "replies.reply_rules.check_fields",
    "replies.reply_rules.check_rule",
}
"""Parts of verbs that have checked, and of what happens automatically."""
SHARED = {"ladder", "reply_rule"}
"""Of all groups; only the names of rules that use it may be hidden."""
NAMES = {
    "groups.complaints.complaint_list.get.pk": "complaint",
    "groups.entry.requests.get.pk": "request",
    "groups.lists.lists.get.pk": "entry",
    "groups.message_quotes.get.pk": "message",
    "groups.moderation.actions.safety_stops.get.pk": "stop",
    "groups.moderation.cases.cases.get.number": "case",
    "groups.moderation.ladders.ladders.get.key": "ladder",
    "groups.moderation.rules.rules.get.key": "rule",
    "groups.moderation.staff_decisions.appeals.get.pk": "appeal",
    "groups.moderation.staff_decisions.mass_actions.get.pk": "mass_action",
    "groups.overlaps.clean_ups.get.pk": "clean_up",
    "groups.overlaps.group_sets.get.pk": "group_set",
    "groups.visibility.get.pk": "group",
    "groups.wishes.wishes.get.pk": "wish",
    "replies.answers.get.pk": "reply",
    "replies.answers.undo.answer": "reply",
    "replies.conversations.get.pk": "conversation",
    "replies.reply_rules.archive.rule": "reply_rule",
    "replies.reply_rules.get.pk": "reply_rule",
    "replies.reply_rules.move.rule": "reply_rule",
    "replies.reply_rules.switch.rule": "reply_rule",
    "replies.reply_rules.update.rule": "reply_rule",
}
"""Parameters that name another thing than they are called."""
ARGUMENTS: dict[str, Any] = {
    "at": AT,
    "until": AT,
    "since": AT - timedelta(days=1),
    "moment": AT,
    "day": 20_000,
    "minutes": 5,
    "limit": 10,
    "rating": 5,
    "expected": 1,
    "text": "x",
    "reason": "x",
    "name": "x",
    "title": "x",
    "answer": "x",
    "topic": "quality",
    "outcome": "solved",
    "kind": "kick",
    "mode": "observe",
    "transition": "retire",
    "role": "volunteer",
    "state": "planned",
    "list_name": "black",
    "is_on": True,
    "overturn": True,
    "staff": None,
    "keys": ["x"],
    "voice": 1,
    "rungs": [{"strikes": 1, "rung": "delete"}],
    "window_days": 30,
    "checks": [word_check("x")],
    "conditions": {},
    "value": {},
    "refs": [],
    "candidates": [],
    "filters": Filters(),
    "rows": [],
    "position": 0,
    "texts": ["x"],
    "run_": None,
}
"""Values of parameters that name nothing hidden."""


def missing(value: Any) -> Any:
    """Like a thing of the hidden group, but of what does not exist."""
    if isinstance(value, list):
        return [missing(each) for each in value]
    if not isinstance(value, models.Model):
        return MISSING
    twin = copy.copy(value)
    twin._state = copy.copy(value._state)
    twin._state.fields_cache = dict(value._state.fields_cache)
    twin.pk = MISSING
    for name in ("group", "rule", "case"):
        if isinstance(getattr(twin, name, None), models.Model):
            setattr(twin, name, missing(getattr(value, name)))
        elif getattr(twin, f"{name}_id", None):
            setattr(twin, f"{name}_id", MISSING)
    for name, unused in (("key", "nowhere"), ("number", MISSING)):
        if hasattr(twin, name):
            setattr(twin, name, unused)
    return twin


class _Undo(Exception):
    """Ends a call that was made only for its answer."""


def answer(verb: Callable[..., Any], arguments: dict[str, Any]) -> str:
    """What is returned, or the kind and the sentence of the error."""
    result: Any = None
    try:
        with transaction.atomic():
            result = verb(**arguments)
            if isinstance(result, models.QuerySet):
                result = list(result)
            raise _Undo
    except _Undo:
        return repr(result)
    except errors.QunceError as error:
        return f"{type(error).__name__}: {error}"


def written(value: Any, parameter: inspect.Parameter) -> Any:
    """A thing as the parameter wants it: itself, or its number."""
    if isinstance(value, list):
        return [written(each, parameter) for each in value]
    if isinstance(value, models.Model) and re.search(
        r"\bint\b", str(parameter.annotation)
    ):
        return value.pk
    return value


def list_calls(world: World) -> Iterator[tuple[str, str, dict[str, Any], Any]]:
    """The verbs with a thing that they can name, and their other arguments."""
    for key, verb in VERBS.items():
        parameters = inspect.signature(verb).parameters
        if key in INTERNAL:
            continue
        for name in parameters:
            thing = NAMES.get(f"{key}.{name}", name)
            if thing not in world.seen:
                assert name != "pk" or thing != "pk", f"{key} gets what by its pk?"
                continue
            others: dict[str, Any] = {}
            for other, parameter in parameters.items():
                is_needed = parameter.default is inspect.Parameter.empty
                is_needed &= parameter.kind != inspect.Parameter.VAR_KEYWORD
                if other == name or not is_needed:
                    continue
                own = NAMES.get(f"{key}.{other}", other)
                value = (world.own | world.seen | ARGUMENTS).get(own, MISSING)
                assert value is not MISSING, f"{key} needs a value of {other}"
                others[other] = written(value, parameter)
            yield key, name, others, thing


def test_hidden_things_are_answered_like_unknown_ones(world: World) -> None:
    problems, called = [], set()
    for key, name, others, thing in list_calls(world):
        if thing in ("account", "accounts") and world.limited.scope is None:
            continue  # they see all members
        given_answers = []
        for value in (world.hidden[thing], missing(world.hidden[thing])):
            chosen = written(value, inspect.signature(VERBS[key]).parameters[name])
            if isinstance(value, models.Model) and name in ("number", "key"):
                chosen = getattr(value, name)
            elif name == "pk" and isinstance(value, models.Model):
                chosen = value.pk
            given = answer(VERBS[key], others | {name: chosen})
            # Staff read what they have written themselves.
            for each in chosen if isinstance(chosen, list) else [chosen]:
                if isinstance(each, int | str):
                    given = re.sub(rf"\b{each}\b", "…", given)
            assert SECRET not in given, (key, name, given)
            given_answers.append(given)
        called.add(key)
        if len(set(given_answers)) > 1 and thing not in SHARED:
            problems.append((key, name, *given_answers))
    assert problems == []
    assert len(called) > MIN_CALLED
