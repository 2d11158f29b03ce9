"""Scores of members: how active and how loyal they are, by weights that staff set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, names, permissions, revisions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.members.accounts import masking
from qunce.members.layers import layers
from qunce.members.rule_text import contact_masks
from qunce.members.scores import definitions, evaluation, presets
from qunce.members.scores.definitions import Definition, InvalidScore
from qunce.members.scores.evaluation import PersonScore
from qunce.members.scores.models import Score as Score
from qunce.members.scores.models import ScoreVersion as ScoreVersion
from qunce.members.tags import naming
from qunce.sets.rules import base, snapshots, stored_rules
from qunce.sets.rules.base import RulePath

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.members.scores.presets import PresetScore
    from qunce.sets.rules.snapshots import Snapshot

MANAGE = layers.MANAGE
"""A weight moves members between layers, so who may change layerings may change it."""
MAX_SCORES = 10
"""Scores of a community, with the ready-made ones."""
COMPARED_DAYS = 28
"""How long ago the score is that a member's score is compared with."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ScoreCreated(facts.FactKind):
    kind = "score.created"
    label = gettext_lazy("score created")
    score: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ScoreChanged(facts.FactKind):
    kind = "score.changed"
    label = gettext_lazy("score changed")
    score: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ScoreDeleted(facts.FactKind):
    kind = "score.deleted"
    label = gettext_lazy("score deleted")
    score: str


class ScoreNotFound(errors.NotFound):
    """There is no such score in this community."""


class ScoreAlreadyExists(errors.Refused):
    """A score with this key already exists."""


class ScoreInUse(stored_rules.InUse):
    """Rules name this score."""


class ScoreIsReadyMade(errors.Refused):
    """A ready-made score can be changed, and stays."""


# Checks


def check_definition(spec: Any, by: Staff) -> Definition:
    """The definition of a spec; raises InvalidScore, also for groups unknown to `by`."""
    return definitions.parse(spec, RulePath.for_staff(by.community, by))


def _check_name(name: str) -> str:
    cleaned = names.clean(name)
    try:
        definitions.check_name(cleaned, RulePath(Community()))
    except base.RuleError as error:
        raise InvalidScore(error.message) from None
    return cleaned


def _check_key(key: str) -> str:
    key = naming.check(key, naming.NO_RULE)
    if "/" in key or key in (".", ".."):
        raise InvalidScore(
            _("A key has no slash and is not only dots, as it is part of an address.")
        )
    return key


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    key: str,
    name: str,
    spec: Any,
    by: Staff,
    at: datetime,
) -> Score:
    """Create a score. Rules name it by its key."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    key = _check_key(key)
    known = evaluation.load_versions(community)
    if key in known:
        raise ScoreAlreadyExists(_("A score “%(key)s” already exists.") % {"key": key})
    if len(known) >= MAX_SCORES:
        raise InvalidScore(
            _("There are %(n)s scores already. Delete one of them first.")
            % {"n": MAX_SCORES}
        )
    check_definition(spec, by)
    score = Score.objects.create(
        community=community, key=key, name=_check_name(name), created_at=at, by=by
    )
    _add_version(score, definitions.canonical(spec), by, at)
    facts.record(ScoreCreated(score=key), community=community, by=by, at=at)
    return score


@transaction.atomic
def update(
    *,
    score: Score,
    by: Staff,
    at: datetime,
    name: str | None = None,
    spec: Any = None,
) -> bool:
    """Change the name, or the parts from today on; returns whether anything has changed."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, score.community_id)
    new_name = score.name if name is None else _check_name(name)
    old_spec = current_spec(score, at)
    if spec is not None:
        contact_masks.check_readable(old_spec, by)
        check_definition(spec, by)
        spec = definitions.canonical(spec)
    old_spec = definitions.canonical(old_spec)
    if new_name == score.name and spec in (None, old_spec):
        return False
    if score._state.adding:
        score.created_at, score.by = at, by
    score.name = new_name
    score.save()
    if spec not in (None, old_spec):
        _add_version(score, spec, by, at)
    fact = ScoreChanged(score=score.key)
    facts.record(fact, community=score.community, by=by, at=at)
    return True


def _add_version(score: Score, spec: Any, by: Staff, at: datetime) -> None:
    # Rules cache the definitions under this revision.
    kind, ref = evaluation.KEY
    revisions.bump(score.community_id, kind, [ref])
    day = score.community.day(at)
    ScoreVersion.objects.create(score=score, day=day, spec=spec, at=at, by=by)


@transaction.atomic
def delete(*, score: Score, by: Staff, at: datetime) -> None:
    """Delete a score with its versions. Raises ScoreInUse if rules name it."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, score.community_id)
    if score.is_ready_made:
        raise ScoreIsReadyMade(
            _(
                "“%(name)s” is ready-made and cannot be deleted. Change its parts instead."
            )
            % {"name": score.name}
        )
    stored_rules.check_unused(
        score.community, ("score", score.key), name=score.name, error=ScoreInUse
    )
    kind, ref = evaluation.KEY
    revisions.bump(score.community_id, kind, [ref])
    fact = ScoreDeleted(score=score.key)
    facts.record(fact, community=score.community, by=by, at=at)
    score.delete()


# Reads


def list_all(community: Community) -> list[Score]:
    """The ready-made scores, then those that were added, by name."""
    rows = Score.objects.filter(community=community).select_related("community", "by")
    stored = list(rows.order_by("name", "pk"))
    changed = {score.key: score for score in stored if score.is_ready_made}
    return [
        *(
            changed[key] if key in changed else _unchanged(community, each)
            for key, each in presets.PRESETS.items()
        ),
        *(score for score in stored if not score.is_ready_made),
    ]


def _unchanged(community: Community, score: PresetScore) -> Score:
    return Score(community=community, key=score.key, name=str(score.name))


def get(community: Community, key: str) -> Score:
    for score in list_all(community):
        if score.key == key:
            return score
    raise ScoreNotFound(_("There is no score “%(key)s”.") % {"key": key})


def list_versions(score: Score) -> list[ScoreVersion]:
    """The versions, which say who changed the parts and when, the newest first."""
    if score._state.adding:
        return []
    rows = ScoreVersion.objects.filter(score=score).select_related("by")
    return list(rows.order_by("-day", "-pk"))


def current_spec(score: Score, at: datetime) -> Any:
    return spec_on(score, score.community.day(at))


def spec_on(score: Score, day: int) -> Any:
    """The spec of a day. The first one holds for all days before, too."""
    versions = evaluation.load_versions(score.community)
    if score.key not in versions:
        raise ScoreNotFound(_("There is no score “%(key)s”.") % {"key": score.key})
    return evaluation.spec_on(versions[score.key], day)


def visible_spec(spec: Mapping[str, Any], by: Staff) -> Any:
    """The spec with dots for contacts and groups that `by` may not see."""
    masked = contact_masks.masked(spec, by)
    if by.groups is None:
        return masked
    return {
        **masked,
        "parts": [_hide_groups(part, by.groups) for part in masked["parts"]],
    }


def _hide_groups(part: Mapping[str, Any], seen: Sequence[str]) -> dict[str, Any]:
    where = dict(part.get("where") or {})
    if "group" not in where:
        return dict(part)
    keys = [where["group"]] if isinstance(where["group"], str) else where["group"]
    where["group"] = [key if key in seen else masking.DOTS for key in keys]
    return {**part, "where": where}


@dataclass(frozen=True)
class MemberScore:
    """The score of a member, and that of some days ago by the weights of today.

    `before` is None for somebody who had not joined yet.
    """

    score: Score
    spec: Any
    found: PersonScore
    before: int | None

    @property
    def text(self) -> str:
        return definitions.format_tenths(self.found.tenths)

    @property
    def change(self) -> int | None:
        return None if self.before is None else self.found.tenths - self.before

    @property
    def change_text(self) -> str:
        """The change with its sign, such as +2.5; empty for somebody new."""
        if self.change is None:
            return ""
        sign = "+" if self.change > 0 else "−" if self.change < 0 else "±"
        return sign + definitions.format_tenths(abs(self.change))


def of_member(*, community: Community, account: int, at: datetime) -> list[MemberScore]:
    """Every score of the person of an account, as of today; none of who works here.

    The caller has checked that the person is visible.
    """
    rows = list_all(community)

    def read(snap: Snapshot) -> list[MemberScore]:
        snap.load_revisions(evaluation.KEYS)
        person = snap.aliases.person_id(account)
        if person in snap.uncounted:
            return []
        return [found for score in rows if (found := _of_member(snap, score, person))]

    return snapshots.run(community, at, read)


def _of_member(snap: Snapshot, score: Score, person: int) -> MemberScore | None:
    versions = evaluation.versions_of(snap, score.key)
    if versions is None:
        return None
    spec = evaluation.spec_on(versions, snap.today)
    definition = definitions.load(spec, snap.community)
    found = evaluation.of_person(snap, definition, snap.today, person)
    then, before = snap.today - COMPARED_DAYS, None
    if evaluation.joined_day(snap, person, snap.today + 1) <= then:
        before = evaluation.of_person(snap, definition, then, person).tenths
    return MemberScore(score, spec, found, before)
