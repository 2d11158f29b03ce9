"""The clause `survey`: members who answered a survey, or gave one of these answers.

The key of an answer is the survey, the question and the option or the number, such as
`7hk2mnpq/came/yes`. Of a person's answers, those of the newest response count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from qunce.core import db, revisions
from qunce.members.surveys import surveys
from qunce.members.surveys.models import Survey
from qunce.members.surveys.questions import CHOICES, SCALES, Question
from qunce.members.surveys.responses import REVISION
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import base, references
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.grammar.forms import Form, ListOf, Slot
from qunce.sets.rules.grammar.values import Name

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.snapshots import Snapshot

Answer = tuple[int, str, str]
"""Survey id, question, and option or number."""


@base.register
@dataclass(frozen=True)
class SurveyClause(Clause):
    name: ClassVar[str] = "survey"
    description: ClassVar[str] = (
        "Members who have answered a `survey`, or whose newest answers to a survey are"
        " `any` of these: the survey, the question, and the option or the number. Of an"
        " anonymous survey only is known that they have answered it."
    )
    fields: ClassVar[tuple[str, ...]] = ("survey", "any")
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"survey": "march"},
        {"any": ["march/came/yes"]},
        {"any": ["march/score/9", "march/score/10"]},
    )
    forms: ClassVar = (
        Form(
            gettext_noop("has answered the survey %(survey)s"),
            {"survey": Slot(Name("survey"))},
        ),
        Form(
            gettext_noop("has answered any of %(answers)s"),
            {"answers": Slot(ListOf(Name("survey_answer")), "any")},
        ),
    )

    survey: int
    answers: tuple[Answer, ...] = ()

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> SurveyClause:
        base.check_fields(args, path, cls.fields)
        if ("survey" in args) == ("any" in args):
            path.fail(_("Name a survey with “survey”, or answers with “any”."))
        if "survey" in args:
            here, key = path.child("survey"), args["survey"]
            if not isinstance(key, str):
                here.fail(_("Write a string."))
            return cls(base.resolve_key("survey", key, here))
        here = path.child("any")
        keys = base.parse_strings(args["any"], here)
        ids = [base.resolve_key("survey_answer", key, here) for key in keys]
        parsed = sorted(
            (pk, *_split(key)[1:]) for pk, key in zip(ids, keys, strict=True)
        )
        return cls(0, tuple(parsed))

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from base.mentions_of("survey", args.get("survey"))
        yield from base.mentions_of("survey_answer", args.get("any"))

    def _surveys(self) -> list[int]:
        return [self.survey] if self.survey else sorted({pk for pk, *_ in self.answers})

    def dependencies(self) -> Iterable[revisions.Key]:
        return [(REVISION, pk) for pk in self._surveys()]

    def resolve(self, snap: Snapshot) -> BitMap:
        if self.survey:
            return _answered(snap, self.survey) & snap.known()
        found = bitmaps.of([])
        for pk in self._surveys():
            own = [(q, value) for survey, q, value in self.answers if survey == pk]
            given = _responses_with(pk, own)
            people = [who for who, one in _newest(snap, pk).items() if one in given]
            found |= bitmaps.of(people)
        return found & snap.known()

    def explain(self, snap: Snapshot, person: int) -> str:
        if self.survey:
            has = person in _answered(snap, self.survey)
            return _("has answered it") if has else _("has not answered it")
        texts = []
        for pk in self._surveys():
            response = _newest(snap, pk).get(person)
            if response is not None:
                texts += _describe(pk, response, {q for _pk, q, _v in self.answers})
        return "; ".join(texts) or _("has not answered it")


def _people(snap: Snapshot, accounts: Sequence[int]) -> list[int]:
    mapped = snap.aliases.map_array(np.array(accounts, dtype=np.int64))
    people: list[int] = mapped.tolist()
    return people


def _answered(snap: Snapshot, survey: int) -> BitMap:
    rows = db.rows(
        "SELECT account_id FROM surveys_surveyresponse"
        " WHERE survey_id = %s AND account_id IS NOT NULL"
        " UNION SELECT account_id FROM surveys_surveyanswered WHERE survey_id = %s",
        [survey, survey],
    )
    return bitmaps.of(_people(snap, [row[0] for row in rows]))


def _newest(snap: Snapshot, survey: int) -> dict[int, int]:
    """Person → their newest response to a survey that is not anonymous."""
    rows = db.rows(
        "SELECT id, account_id FROM surveys_surveyresponse"
        " WHERE survey_id = %s AND account_id IS NOT NULL ORDER BY answered_at, id",
        [survey],
    )
    people = _people(snap, [account for _pk, account in rows])
    return dict(zip(people, (pk for pk, _account in rows), strict=True))


def _responses_with(survey: int, answers: Sequence[tuple[str, str]]) -> set[int]:
    """The responses with any of these (question, option or number)."""
    found: set[int] = set()
    for question, value in answers:
        is_number = value.isdigit() and len(value) < 4
        rows = db.rows(
            "SELECT response_id FROM surveys_surveyanswer"
            " WHERE survey_id = %s AND question = %s"
            " AND (option = %s OR (option = '' AND number = %s))",
            [survey, question, value, int(value) if is_number else -1],
        )
        found.update(row[0] for row in rows)
    return found


def _describe(survey: int, response: int, questions: set[str]) -> list[str]:
    by_key = {
        each.key: each
        for each in surveys.all_questions(Survey.objects.get(pk=survey))
        if each.key in questions
    }
    rows = db.rows(
        "SELECT question, option, number FROM surveys_surveyanswer"
        " WHERE response_id = %s ORDER BY question, option",
        [response],
    )
    return [
        f"{by_key[question].text} {_label(by_key[question], option or str(number))}"
        for question, option, number in rows
        if question in by_key
    ]


def _label(question: Question, value: str) -> str:
    option = question.option(value)
    return option.text if option else value


# What rules mention


def _split(key: str) -> tuple[str, str, str]:
    survey, _slash, rest = key.partition("/")
    question, _slash, value = rest.partition("/")
    return survey, question, value


def _values(question: Question) -> list[str]:
    """The options or numbers of a question that rules can name."""
    if question.kind in CHOICES:
        return [each.key for each in question.options]
    if question.kind in SCALES:
        return [str(n) for n in question.values]
    return []


def find_ids(community: Community, keys: Sequence[str]) -> dict[str, int]:
    rows = _published(community).filter(public_id__in=[key[:20] for key in keys])
    return dict(rows.values_list("public_id", "pk"))


def find_answer_ids(community: Community, keys: Sequence[str]) -> dict[str, int]:
    """The id of the survey of each answer that can be given."""
    wanted = {_split(key)[0] for key in keys}
    rows = _published(community).filter(
        public_id__in=[key[:20] for key in wanted], is_anonymous=False
    )
    known = {key: pk for key, _name, pk in _list_answers(rows)}
    return {key: known[key] for key in keys if key in known}


def _published(community: Community) -> Any:
    has_questions = Q(published_at__isnull=False)
    return Survey.objects.filter(has_questions, community=community).order_by("pk")


def _list_answers(rows: Iterable[Survey]) -> Iterator[tuple[str, str, int]]:
    """Key, name and survey id of each answer that can be given to these surveys."""
    for row in rows:
        for question in surveys.all_questions(row):
            for value in _values(question):
                key = f"{row.public_id}/{question.key}/{value}"
                yield key, f"{question.text} {_label(question, value)}", row.pk


def _named(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Key and name; a name that several have ends with the key."""
    found = list(pairs)
    counts = Counter(name for _key, name in found)
    return [
        (key, name if counts[name] == 1 else f"{name} {key}") for key, name in found
    ]


def list_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    rows = _published(community)
    return _named(rows.values_list("public_id", "name"))


def find_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    wanted = set(keys)
    return {k: name for k, name in list_names(community, None) if k in wanted}


def list_answer_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    rows = _published(community).filter(is_anonymous=False)
    return _named((key, name) for key, name, _pk in _list_answers(rows))


def find_answer_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    wanted = set(keys)
    return {k: name for k, name in list_answer_names(community, None) if k in wanted}


references.register(
    "survey",
    label=gettext_lazy("survey"),
    find_ids=find_ids,
    find_names=find_names,
    list_names=list_names,
)
references.register(
    "survey_answer",
    label=gettext_lazy("answer to a survey"),
    find_ids=find_answer_ids,
    find_names=find_answer_names,
    list_names=list_answer_names,
)
