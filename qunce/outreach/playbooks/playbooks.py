"""Playbooks: timed steps with conditions, for members or for groups."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, names, permissions, unique_keys
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.insight.positioning import voice
from qunce.members.rule_text import contact_masks
from qunce.outreach.content import message_templates, templates
from qunce.outreach.playbooks import definitions, editing, resources, validation
from qunce.outreach.playbooks.definitions import Definition
from qunce.outreach.playbooks.models import (
    STATES,
    Playbook,
    PlaybookVersion,
    State,
)
from qunce.outreach.playbooks.steps.base import Step
from qunce.outreach.playbooks.steps.send import Send
from qunce.outreach.playbooks.validation import Problem
from qunce.sets.rules import stored_rules

MANAGE = permissions.declare(
    "playbooks.manage",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    community_wide=True,
    label=gettext_lazy("write playbooks and switch them on"),
)
"""Playbooks act on members of the whole community."""
VIEW = permissions.declare(
    "playbooks.view",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    permissions.Role.VIEWER,
    community_wide=True,
    label=gettext_lazy("see playbooks and who is in them"),
)


@dataclass(frozen=True, kw_only=True)
class PlaybookFact(facts.FactKind):
    """`playbook` is the key of the playbook."""

    playbook: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PlaybookCreated(PlaybookFact):
    kind = "playbook.created"
    label = gettext_lazy("playbook created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PlaybookChanged(PlaybookFact):
    """`version` is the new version, 0 if only the draft changed."""

    kind = "playbook.changed"
    label = gettext_lazy("playbook changed")
    version: int = 0


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PlaybookStateChanged(PlaybookFact):
    """`state` is the new state; `runs` is how many runs began or ended with it.

    `messages` is how many planned messages it held, released or cancelled.
    """

    kind = "playbook.state_changed"
    label = gettext_lazy("playbook state changed")
    state: str
    runs: int = 0
    messages: int = 0


class PlaybookNotFound(errors.NotFound):
    """There is no such playbook in this community."""


class PlaybookAlreadyExists(errors.Refused):
    """A playbook with this key already exists."""


class PlaybookHasChanged(errors.Refused):
    """Somebody else has changed the playbook since it was read."""


class InvalidPlaybook(errors.Invalid):
    """The playbook cannot be switched on as it is."""


# Checks


def check_may_manage(playbook: Playbook, by: Staff) -> None:
    permissions.check_may(by, MANAGE)
    check_visible(playbook, by)


def check_visible(playbook: Playbook, by: Staff) -> None:
    if playbook.community_id != by.community_id:
        raise PlaybookNotFound(_("There is no such playbook."))


def check_may_view(playbook: Playbook, by: Staff) -> None:
    permissions.check_may(by, VIEW)
    check_visible(playbook, by)


def may_manage(by: Staff) -> bool:
    return permissions.may(by, MANAGE)


def may_view(by: Staff) -> bool:
    return permissions.may(by, VIEW)


def find_problems(playbook: Playbook, by: Staff | None = None) -> list[Problem]:
    """What is wrong with the draft, in sentences."""
    exists = resources.load(playbook.community, playbook.subject, by)
    return validation.find_problems(definition_of(playbook), exists)


def check_complete(playbook: Playbook, by: Staff) -> None:
    """Raise InvalidPlaybook with the first sentence if the draft has problems."""
    for problem in find_problems(playbook, by):
        raise InvalidPlaybook(problem.text)


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    name: str,
    definition: Any,
    by: Staff,
    at: datetime,
    key: str = "",
) -> Playbook:
    """Create a draft from a definition in JSON, which may still have problems."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    parsed = _parse(definition, community)
    _check_voice(community, parsed, None)
    rows = Playbook.objects.filter(community=community)
    name = _check_name(name)
    if key and rows.filter(key=key).exists():
        raise PlaybookAlreadyExists(
            _("A playbook “%(key)s” already exists.") % {"key": key}
        )
    used = set(rows.filter(key__startswith=name).values_list("key", flat=True))
    playbook = Playbook.objects.create(
        community=community,
        key=unique_keys.check_length(key) or unique_keys.unused_key(name, used),
        name=name,
        subject=parsed.subject,
        draft=parsed.to_json(),
        created_at=at,
        changed_at=at,
        by=by,
    )
    record(PlaybookCreated(playbook=playbook.key), playbook, by, at)
    return playbook


def _parse(definition: Any, community: Community) -> Definition:
    """The definition, whose messages have the texts of their templates.

    Raises errors.Invalid, or TemplateNotFound.
    """
    parsed = definitions.parse(definition, region=community.region)

    def fill(step: Step) -> Step:
        if isinstance(step, Send) and step.template is not None:
            version = message_templates.get_version(community, step.template)
            return step.without_other_template(version.text)
        return step

    return dataclasses.replace(parsed, steps=editing.map_steps(parsed.steps, fill))


def _check_voice(
    community: Community, definition: Definition, before: Definition | None
) -> None:
    """Raise NeverSaid for a new text of a step that says what is never said."""
    known = set(_texts_of(before).values()) if before else set()
    voice.check(
        community,
        [
            (label, text)
            for label, text in _texts_of(definition).items()
            if text not in known
        ],
    )


def _texts_of(definition: Definition) -> dict[str, str]:
    """What a text is → the text, of all messages and staff tasks."""
    numbers = definition.graph.numbers
    texts: dict[str, str] = {}
    for step in definition.walk():
        label = _("Step %(n)s") % {"n": numbers.get(step.id, step.id)}
        for name, text in step.texts().items():
            texts[f"{label} {name}".strip()] = text
    return texts


def _check_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 80 or templates.CONTROL_CHARACTERS.search(name):
        raise InvalidPlaybook(_("A playbook name must be 1 to 80 characters long."))
    return name


@transaction.atomic
def update(
    *,
    playbook: Playbook,
    by: Staff,
    at: datetime,
    name: str | None = None,
    definition: Any = None,
    seen_at: datetime | None = None,
) -> None:
    """Change the name or the draft. Runs follow a new draft only once it is published.

    What somebody else has changed since `playbook` was read is not overwritten, nor what
    was changed after `seen_at`, the `changed_at` that `by` had before them. Raises
    PlaybookHasChanged.
    """
    check_may_manage(playbook, by)
    locked = Playbook.objects.select_for_update(of=("self",)).get(pk=playbook.pk)
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = _check_name(name)
    if definition is not None:
        # Dots instead of a contact must not be written back.
        contact_masks.check_readable(locked.draft, by)
        parsed = _parse(definition, playbook.community)
        if parsed.subject != locked.subject and locked.version:
            raise InvalidPlaybook(
                _("A playbook that has run cannot change between members and groups.")
            )
        _check_voice(playbook.community, parsed, definition_of(locked))
        changes |= {"draft": parsed.to_json(), "subject": parsed.subject}
    changes = {n: new for n, new in changes.items() if getattr(locked, n) != new}
    if not changes:
        return
    is_other = any(getattr(locked, n) != getattr(playbook, n) for n in changes)
    if is_other or (seen_at is not None and locked.changed_at != seen_at):
        raise PlaybookHasChanged(
            _(
                "Somebody else has changed “%(name)s” since you opened it. Load the page"
                " again, so that their change is not lost."
            )
            % {"name": locked.name}
        )
    changes["changed_at"] = at
    for field, value in changes.items():
        setattr(playbook, field, value)
    playbook.save(update_fields=list(changes))
    record(PlaybookChanged(playbook=playbook.key), playbook, by, at)


def duplicate(*, playbook: Playbook, by: Staff, at: datetime) -> Playbook:
    """Create a draft “Copy of …” with the same steps."""
    check_may_manage(playbook, by)
    return create(
        community=playbook.community,
        name=names.copy_of(playbook.name),
        definition=playbook.draft,
        by=by,
        at=at,
    )


@transaction.atomic
def delete(*, playbook: Playbook, by: Staff, at: datetime) -> None:
    """Delete a draft that never ran."""
    check_may_manage(playbook, by)
    if playbook.state != State.DRAFT or playbook.version:
        raise errors.Refused(
            _("“%(name)s” has run, so it is kept. Stop it instead.")
            % {"name": playbook}
        )
    fact = PlaybookStateChanged(playbook=playbook.key, state="deleted")
    record(fact, playbook, by, at)
    playbook.delete()


def store_version(playbook: Playbook, by: Staff, at: datetime) -> PlaybookVersion:
    """Store the draft as a new version, unless it is the current one already."""
    current = find_version(playbook)
    if current is not None and current.definition == playbook.draft:
        return current
    version = PlaybookVersion.objects.create(
        playbook=playbook,
        number=playbook.version + 1,
        definition=playbook.draft,
        created_at=at,
        by=by,
    )
    playbook.version = version.number
    playbook.lane = definition_of(playbook).lane.name
    playbook.save(update_fields=["version", "lane"])
    return version


def transition(
    playbook: Playbook,
    step: str,
    *,
    by: Staff | None,
    at: datetime,
    runs: int = 0,
    settle_messages: Callable[[], int] = lambda: 0,
    **changes: Any,
) -> int:
    """Change the state by a step of STATES and record it. Checks no permission.

    `settle_messages` is called once the state has changed, so that nothing is planned any
    more, and returns how many messages it concerned; the verb returns that.
    """
    STATES.transition(playbook, step, **changes)
    messages = settle_messages()
    fact = PlaybookStateChanged(
        playbook=playbook.key, state=playbook.state, runs=runs, messages=messages
    )
    record(fact, playbook, by, at)
    return messages


def record(
    fact: facts.FactKind, playbook: Playbook, by: Staff | None, at: datetime
) -> None:
    facts.record(fact, community=playbook.community, by=by, at=at)


# Reads


def definition_of(playbook: Playbook) -> Definition:
    """The draft."""
    return definitions.parse(playbook.draft, region=playbook.community.region)


def find_version(playbook: Playbook) -> PlaybookVersion | None:
    """The version that new runs get, None before the first start."""
    rows = PlaybookVersion.objects.filter(playbook=playbook, number=playbook.version)
    return rows.order_by("pk").first()


def list_all(by: Staff) -> models.QuerySet[Playbook]:
    """All playbooks; none for staff who do not see the whole community."""
    if not may_view(by):
        return Playbook.objects.none()
    rows = Playbook.objects.filter(community=by.community)
    return rows.select_related("community", "by").order_by("-changed_at", "-pk")


def get(*, by: Staff, pk: int) -> Playbook:
    try:
        return list_all(by).get(pk=pk)
    except Playbook.DoesNotExist:
        raise PlaybookNotFound(_("There is no such playbook.")) from None


def get_by_key(*, by: Staff, key: str) -> Playbook:
    try:
        return list_all(by).get(key=key)
    except Playbook.DoesNotExist:
        raise PlaybookNotFound(
            _("There is no playbook “%(key)s”.") % {"key": key}
        ) from None


@stored_rules.register
def list_rules(community: Community) -> Iterable[stored_rules.StoredRule]:
    """The rules of playbooks that are not stopped, with those of their entries."""
    rows = Playbook.objects.filter(community=community).exclude(state=State.STOPPED)
    versions = {
        row.playbook_id: row.definition
        for row in PlaybookVersion.objects.filter(
            playbook__in=rows, number=models.F("playbook__version")
        )
    }
    for playbook in rows.order_by("pk"):
        drafts = [playbook.draft, versions.get(playbook.pk)]
        for draft in drafts if drafts[0] != drafts[1] else drafts[:1]:
            if draft is None:
                continue
            for rule in rules_of(definitions.parse(draft)):
                yield stored_rules.StoredRule(_("playbook"), playbook.name, rule)


def rules_of(definition: Definition) -> list[Any]:
    """The rules of the steps and conditions, and that of the entry."""
    entry = definition.entry.to_json()
    if entry["on"] != "segment":
        return definition.rules()
    return [*definition.rules(), {"segment": {"any": [entry["segment"]]}}]
