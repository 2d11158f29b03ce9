"""Tag rules and events for the tests of tag rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from qunce import reactions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.people import visibility
from qunce.members.tag_rules import activation, runs, tag_rules
from qunce.members.tag_rules.models import TagRule, TagRuleRun
from qunce.members.tag_rules.previews import Plan
from qunce.members.tags import person_tags
from qunce.outreach.sending.channel_events import MessagePosted
from qunce.sets.mirror import deriver
from tests.factories import AT

LATER = [AT + timedelta(minutes=10 * n) for n in range(12)]
DAYS = [AT + timedelta(days=days) for days in range(12)]


def listed(*keys: str) -> dict[str, Any]:
    """The condition that holds for these members."""
    return {"rule": {"members": {"keys": list(keys)}}}


def said(*words: str, **fields: Any) -> dict[str, Any]:
    """The condition that a message has one of these words."""
    return {"event": {"kind": "message.posted", "words": {"any": [*words]}, **fields}}


def draft(
    shop: Community, by: Staff, condition: Any, *effects: Any, **fields: Any
) -> TagRule:
    """A rule; an effect is its JSON, or a text such as `add vip` or `raise vip 3`."""
    is_event = isinstance(condition, dict) and "event" in condition
    given: dict[str, Any] = {
        "name": f"rule {TagRule.objects.count() + 1}",
        "mode": "event" if is_event else "daily",
        "at": AT,
        **fields,
    }
    parsed = [parse(each) if isinstance(each, str) else each for each in effects]
    return tag_rules.create(
        community=shop, condition=condition, effects=parsed, by=by, **given
    )


def parse(text: str) -> dict[str, Any]:
    do, tag, *depth = text.split()
    return {"do": do, "tag": tag} | ({"depth": int(depth[0])} if depth else {})


def active(
    shop: Community, by: Staff, condition: Any, *effects: Any, **fields: Any
) -> TagRule:
    rule = draft(shop, by, condition, *effects, **fields)
    activation.activate(rule=rule, by=by, at=fields.get("at", AT), is_confirmed=True)
    return rule


def run(rule: TagRule, by: Staff, at: datetime = AT) -> TagRuleRun:
    return runs.run(rule=rule, by=by, at=at)


def post(
    shop: Community,
    account: int,
    text: str,
    at: datetime,
    happened_at: datetime | None = None,
) -> None:
    """Record a message of a member with its text, as a program may report it."""
    by = staff_models.system(shop)
    kind = facts.ensure_kinds([MessagePosted.kind])[MessagePosted.kind]
    moments = [int(each.timestamp() * 1_000_000) for each in (happened_at or at, at)]
    payload = facts.dump({"length": len(text), "text": text})
    facts.insert_rows([(shop.pk, kind, account, None, *moments, by.pk, payload, None)])


def catch_up(at: datetime) -> None:
    deriver.catch_up()
    while reactions.TAG_RULES.catch_up(at=at):
        pass


def tags_of(*accounts: int) -> dict[str, int]:
    """Tag → depth of one person."""
    return person_tags.depths_of_person(accounts)


def flat(plan: Plan) -> set[tuple[str, str, str, int]]:
    """What a plan says of each person: what, which tag, why, who."""
    return {
        (change.kind, plan.tags[change.tag].key, change.reason, person)
        for change in plan.changes
        for person in change.people
    }


def stored(run: TagRuleRun, by: Staff, at: datetime) -> set[tuple[str, str, str, int]]:
    """What a run has stored of each person."""
    from qunce.sets.bitmaps import bitmaps

    assert visibility.among(by, at) is None
    return {
        (change.kind, change.tag.key, change.reason, person)
        for change in run.changes.select_related("tag")
        for person in bitmaps.from_bytes(change.blob)
    }
