"""The gate of a group: what newcomers say, answer and meet before they are let in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, names, permissions, text_validation
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups as group_verbs
from qunce.groups import visibility as group_visibility
from qunce.groups.entry import gate_surveys, gate_terms
from qunce.groups.entry.models import MAX_NOTE, EntryGate
from qunce.groups.groups import Group
from qunce.members.attributes import attributes
from qunce.members.surveys import surveys
from qunce.members.surveys.models import State as SurveyState
from qunce.members.surveys.models import Survey
from qunce.members.tags import library
from qunce.sets import audiences
from qunce.sets.rules import stored_rules

MANAGE = permissions.declare(
    "entry.manage",
    permissions.Role.MANAGER,
    label=gettext_lazy("change entry gates and publish group rules"),
)
DECIDE = permissions.declare(
    "entry.decide",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("let people into groups and refuse them"),
)
MAX_KEYWORDS, MAX_QUESTIONS, MAX_ANSWERS, MAX_WORDS = 20, 10, 20, 20
MAX_WORD_LENGTH, MAX_QUESTION_LENGTH = 40, 300
NOBODY: dict[str, Any] = {"any": []}
"""The rule of surveys that only newcomers are asked."""
MAX_WAIT_HOURS, MAX_ATTEMPTS = 720, 20
FIELDS = (
    "keywords survey questions rule note needs_approval wait_hours max_attempts"
).split()


@facts.declare
@dataclass(frozen=True, kw_only=True)
class EntryGateChanged(facts.FactKind):
    kind = "entry.gate_changed"
    label = gettext_lazy("entry gate changed")
    is_on: bool


class InvalidGate(errors.Invalid):
    """A part of the gate is not valid."""


class EmptyGate(errors.Refused):
    """A gate that asks for nothing cannot be switched on."""


# Checks


def check_words(words: Any, *, limit: int) -> list[str]:
    """The cleaned words; raises InvalidGate."""
    if not isinstance(words, list) or not all(isinstance(w, str) for w in words):
        raise InvalidGate(_("Write the words as a list of texts."))
    cleaned = list(dict.fromkeys(word for each in words if (word := names.clean(each))))
    if len(cleaned) > limit:
        raise InvalidGate(_("At most %(n)s words are possible.") % {"n": limit})
    for word in cleaned:
        if len(word) > MAX_WORD_LENGTH or not text_validation.is_valid(word):
            raise InvalidGate(
                _("A word has at most %(n)s characters: “%(word)s”.")
                % {"n": MAX_WORD_LENGTH, "word": word[:MAX_WORD_LENGTH]}
            )
    return cleaned


def check_questions(questions: Any, community: Community) -> list[dict[str, Any]]:
    if not isinstance(questions, list) or len(questions) > MAX_QUESTIONS:
        raise InvalidGate(
            _("Write the questions as a list of at most %(n)s.") % {"n": MAX_QUESTIONS}
        )
    return [_check_question(each, community) for each in questions]


def _check_question(question: Any, community: Community) -> dict[str, Any]:
    if not isinstance(question, dict) or set(question) - {
        "text",
        "answers",
        "attribute",
    }:
        raise InvalidGate(_("A question has a text, answers and an attribute."))
    text = str(question.get("text", "")).strip()
    if not 0 < len(text) <= MAX_QUESTION_LENGTH or not text_validation.is_valid(text):
        raise InvalidGate(
            _("A question has 1 to %(n)s characters.") % {"n": MAX_QUESTION_LENGTH}
        )
    attribute = str(question.get("attribute") or "")
    if attribute:
        attributes.get(community, attribute)
    answers = question.get("answers", [])
    if not isinstance(answers, list) or len(answers) > MAX_ANSWERS:
        raise InvalidGate(
            _("A question has at most %(n)s accepted answers.") % {"n": MAX_ANSWERS}
        )
    checked = []
    for answer in answers:
        if not isinstance(answer, dict) or set(answer) - {"words", "tag"}:
            raise InvalidGate(_("An accepted answer has words and a tag."))
        words = check_words(answer.get("words", []), limit=MAX_WORDS)
        if not words:
            raise InvalidGate(_("An accepted answer needs at least one word."))
        tag = str(answer.get("tag") or "")
        if tag:
            library.check_active(library.get(community, tag))
        checked.append({"words": words, "tag": tag})
    return {"text": text, "answers": checked, "attribute": attribute}


def _check_number(value: Any, limit: int, label: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= limit:
        raise InvalidGate(
            _("%(label)s is a number from 1 to %(n)s.") % {"label": label, "n": limit}
        )
    return value


def _check_note(note: Any) -> str:
    text = names.clean(note) if isinstance(note, str) else None
    if text is None or len(text) > MAX_NOTE or not text_validation.is_valid(text):
        raise InvalidGate(
            _("The threshold in words has at most %(n)s characters.") % {"n": MAX_NOTE}
        )
    return text


def _clean(fields: dict[str, Any], community: Community, by: Staff) -> dict[str, Any]:
    clean = dict(fields)
    if "keywords" in clean:
        clean["keywords"] = check_words(clean["keywords"], limit=MAX_KEYWORDS)
    if "questions" in clean:
        clean["questions"] = check_questions(clean["questions"], community)
    if clean.get("rule") is not None:
        # Groups that `by` does not see are unknown in it.
        audiences.check(community=community, rule=clean["rule"], by=by)
    if "note" in clean:
        clean["note"] = _check_note(clean["note"])
    if "wait_hours" in clean:
        clean["wait_hours"] = _check_number(
            clean["wait_hours"], MAX_WAIT_HOURS, _("The time to answer in hours")
        )
    if "max_attempts" in clean:
        clean["max_attempts"] = _check_number(
            clean["max_attempts"], MAX_ATTEMPTS, _("The number of attempts")
        )
    return clean


# Verbs


@transaction.atomic
def configure(*, group: Group, by: Staff, at: datetime, **fields: Any) -> EntryGate:
    """Change what the gate asks: FIELDS; those that are missing stay as they are."""
    permissions.check_may(by, MANAGE)
    group_verbs.check_visible(group, by)
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise InvalidGate(_("There is no field “%(name)s”.") % {"name": unknown[0]})
    clean = _clean(fields, group.community, by)
    gate = _lock(group, by, at)
    _ask(gate, clean, by, at)
    for name, value in clean.items():
        setattr(gate, name, value)
    if gate.is_on and not terms_of(gate, at).steps:
        raise EmptyGate(_("This gate asks for nothing. Switch it off instead."))
    _save(gate, by, at)
    return gate


def _ask(gate: EntryGate, clean: dict[str, Any], by: Staff, at: datetime) -> None:
    """Take the chosen survey, or store the questions as one of the gate's own."""
    key, questions = clean.pop("survey", None), clean.pop("questions", None)
    if key and questions:
        raise InvalidGate(
            _("Choose a survey, or write the questions of the gate, not both.")
        )
    if key:
        _leave_survey(gate, at)
        gate.asked_survey = _choose_survey(key, by, at)
        gate.owns_survey = False
    elif questions:
        _write_survey(gate, questions, at)
    elif questions is not None or (key is not None and gate.survey):
        _leave_survey(gate, at)
        gate.asked_survey, gate.owns_survey = None, False


def _choose_survey(key: str, by: Staff, at: datetime) -> Survey:
    survey = surveys.get_by_key(by=by, key=key)
    if not surveys.is_open(survey, at) or survey.is_anonymous:
        raise InvalidGate(
            _(
                "A gate asks a survey that is open and not anonymous. Choose another one."
            )
        )
    version = surveys.current_version(survey)
    found = () if version is None else surveys.questions_of(version)
    if not gate_surveys.list_asked(found):
        raise InvalidGate(
            _(
                "This survey has no question that must be answered in a text. Mark one"
                " as required, or choose another survey."
            )
        )
    return survey


def _write_survey(
    gate: EntryGate, questions: list[dict[str, Any]], at: datetime
) -> None:
    """Publish the questions in the gate's own survey, which is for newcomers only."""
    system = staff_models.system(gate.community)
    own = gate.asked_survey if gate.owns_survey else None
    names_ = [each["attribute"] for each in questions if each["attribute"]]
    types = {
        name: (str(row.type), tuple(row.choices or ()))
        for name in names_
        for row in [attributes.get(gate.community, name)]
    }
    known = [] if own is None else surveys.all_questions(own)
    rows = gate_surveys.to_survey(questions, types, known)
    if own is None:
        own = surveys.create(
            community=gate.community,
            name=_("Entry: %(group)s") % {"group": gate.group.name[:60]},
            draft=rows,
            rule=NOBODY,
            by=system,
            at=at,
        )
    else:
        own = surveys.update(survey=own, draft=rows, by=system, at=at)
        if own.state == SurveyState.CLOSED:
            surveys.reopen(survey=own, by=system, at=at)
    surveys.publish(survey=own, by=system, at=at)
    gate.asked_survey, gate.owns_survey = own, True


def _leave_survey(gate: EntryGate, at: datetime) -> None:
    """Close the survey that was the gate's own; its answers stay."""
    own = gate.asked_survey if gate.owns_survey else None
    if own is not None and own.state == SurveyState.OPEN:
        surveys.close(survey=own, by=staff_models.system(gate.community), at=at)


@transaction.atomic
def switch(*, group: Group, is_on: bool, by: Staff, at: datetime) -> EntryGate:
    """Switch the gate on for people who come from now on, or off.

    Those who wait keep waiting, and staff can let them in.
    """
    permissions.check_may(by, MANAGE)
    group_verbs.check_visible(group, by)
    gate = _lock(group, by, at)
    if is_on and not terms_of(gate, at).steps:
        raise EmptyGate(
            _("Give a keyword, a question, a threshold or approval by staff first.")
        )
    if gate.is_on != is_on:
        gate.is_on = is_on
        _save(gate, by, at)
    return gate


def _lock(group: Group, by: Staff, at: datetime) -> EntryGate:
    EntryGate.objects.get_or_create(
        group=group,
        defaults={"community": group.community, "changed_at": at, "by": by},
    )
    rows = EntryGate.objects.select_for_update(of=("self",))
    related = rows.select_related("group", "community", "asked_survey__community")
    return related.get(group=group)


def _save(gate: EntryGate, by: Staff, at: datetime) -> None:
    gate.by, gate.changed_at = by, at
    gate.save()
    event = EntryGateChanged(group=gate.group_id, is_on=gate.is_on)
    facts.record(event, community=gate.community, by=by, at=at)


# Reads


def find(group: Group) -> EntryGate | None:
    rows = EntryGate.objects.select_related(
        "group", "community", "by", "asked_survey__community"
    )
    return rows.filter(group=group).first()  # unique, so that there is one


def terms_of(gate: EntryGate, at: datetime) -> gate_terms.Terms:
    """What the gate asks now."""
    survey = gate.asked_survey
    is_open = survey is not None and surveys.is_open(survey, at)
    return gate_terms.terms_of(gate, is_open=is_open)


def notes_of(groups: Sequence[int]) -> dict[int, str]:
    """The thresholds in words, by group."""
    rows = EntryGate.objects.filter(group__in=groups).exclude(note="")
    return dict(rows.values_list("group_id", "note"))


def find_open(groups: Sequence[int]) -> dict[int, EntryGate]:
    """The gates that are on, by group."""
    rows = EntryGate.objects.filter(group__in=groups, is_on=True)
    return {gate.group_id: gate for gate in rows.select_related("group", "community")}


def list_visible(by: Staff) -> models.QuerySet[EntryGate]:
    """The gates of the groups that `by` sees, by name of the group."""
    permissions.check_may(by, DECIDE)
    seen = group_visibility.list_visible(by).values("pk")
    rows = EntryGate.objects.filter(community=by.community, group__in=seen)
    related = rows.select_related("group", "by", "asked_survey")
    return related.prefetch_related("asked_survey__versions").order_by(
        "group__name", "pk"
    )


@stored_rules.register
def list_rules(community: Community) -> list[stored_rules.StoredRule]:
    """The entry thresholds."""
    rows = EntryGate.objects.filter(community=community, rule__isnull=False)
    return [
        stored_rules.StoredRule(_("entry threshold"), row.group.name, row.rule)
        for row in rows.select_related("group").order_by("pk")
    ]
