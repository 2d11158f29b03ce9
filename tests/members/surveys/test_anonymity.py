"""Nothing that is stored joins an anonymous answer to the member who gave it.

Each member answers with a text of their own, which only the test knows. An attacker with
the whole database orders the records of who answered and the responses by everything that
is stored (ids, places of rows, transactions, times), and guesses the n-th of one to be the
n-th of the other. By chance, about one guess in n is right.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.db import connection

from qunce.core import db
from qunce.core.staff.models import Staff
from qunce.members.surveys import anonymous, responses, results
from qunce.members.surveys.models import (
    Survey,
    SurveyAnswer,
    SurveyAnswered,
    SurveyDraft,
    SurveyResponse,
)
from tests import factories
from tests.factories import AT
from tests.members.surveys.asking import answer, published

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

MEMBERS, FEW = 120, 25
"""Enough for guesses, and a few more than are mixed at a time."""
QUESTIONS: list[dict[str, Any]] = [
    {"key": "say", "kind": "text", "text": "What is wrong here?"},
    {"key": "score", "kind": "scale", "text": "How are we?", "is_required": False},
]


@pytest.fixture
def answered(
    request: pytest.FixtureRequest,
) -> tuple[Staff, Survey, dict[int, str]]:
    """Account → the text that it answered, in the order of answering."""
    count = getattr(request, "param", MEMBERS)
    ann = factories.staff(factories.community(language="en"))
    accounts = factories.members(ann.community, *(f"m{n:03}" for n in range(count)))
    survey = published(ann, QUESTIONS, is_anonymous=True)
    texts = {}
    for n, account in enumerate(accounts):
        texts[account] = f"secret {n:03}"
        answer(survey, account, say=texts[account], score=1 + n % 5)
    return ann, survey, texts


of_few = pytest.mark.parametrize("answered", [FEW], indirect=True)


def orders(columns: list[str]) -> list[str]:
    hidden = ["rowid"]
    if connection.vendor == "postgresql":
        hidden = ["ctid", "xmin::text::bigint"]
    return [*columns, *hidden]


def test_guessing_by_any_order_is_no_better_than_chance(
    answered: tuple[Staff, Survey, dict[int, str]],
) -> None:
    _ann, _survey, texts = answered
    who = [
        [
            row[0]
            for row in db.rows(f"SELECT account_id FROM {table} {where} ORDER BY {o}")
        ]
        for table, where, columns in (
            ("surveys_surveyanswered", "", ["id", "account_id", "day, id"]),
            (
                "core_fact",
                "WHERE account_id IN (SELECT account_id FROM surveys_surveyanswered)"
                " AND kind_id = (SELECT max(kind_id) FROM core_fact)",
                ["id", "happened_at, id"],
            ),
        )
        for o in orders(columns)
    ]
    what = [
        [
            row[0]
            for row in db.rows(
                "SELECT s.text FROM surveys_surveyanswer s JOIN"
                " surveys_surveyresponse r ON r.id = s.response_id"
                f" WHERE s.text <> '' ORDER BY {alias}.{o}"
            )
        ]
        for alias in ("s", "r")
        for o in orders(["id"])
    ]
    assert all(len(each) == MEMBERS for each in (*who, *what))
    for accounts, said in itertools.product(who, what):
        for guess in (said, said[::-1]):
            right = sum(
                texts[account] == text
                for account, text in zip(accounts, guess, strict=True)
            )
            # The last one to answer is among the last ones that were mixed. More than 9
            # of 120 right guesses happen by chance once in 10⁵ tries.
            assert right <= 9


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_a_transaction_has_written_the_answers_of_many(
    answered: tuple[Staff, Survey, dict[int, str]],
) -> None:
    by_transaction = dict(
        db.rows(
            "SELECT xmin::text, count(*) FROM surveys_surveyresponse GROUP BY xmin::text"
        )
    )
    own = {row[0] for row in db.rows("SELECT xmin::text FROM surveys_surveyanswered")}
    assert len(own) == MEMBERS
    newest = max(by_transaction, key=int)
    assert by_transaction[newest] == anonymous.MIXED + 1
    # Of most members, no row of the transaction in which they answered is left.
    alone = [xid for xid, count in by_transaction.items() if xid in own and count == 1]
    texts = answered[2]
    accounts = dict(
        db.rows("SELECT xmin::text, account_id FROM surveys_surveyanswered")
    )
    right = 0
    for xid in alone:
        ((text,),) = db.rows(
            "SELECT s.text FROM surveys_surveyanswer s JOIN surveys_surveyresponse r"
            " ON r.id = s.response_id WHERE s.text <> '' AND r.xmin::text = %s",
            [xid],
        )
        right += texts[accounts[xid]] == text
    assert right <= max(3, len(alone) // 5)


@of_few
def test_the_rows_of_answers_name_nobody_and_no_time(
    answered: tuple[Staff, Survey, dict[int, str]],
) -> None:
    responses_ = SurveyResponse.objects.all()
    assert responses_.count() == FEW
    kept: set[Any] = set(
        responses_.values_list("account", "person_id", "answered_at", "by", "source")
    )
    assert kept == {(None, None, None, None, "portal")}
    assert not SurveyDraft.objects.exists()
    # Mixing loses and doubles nothing.
    said = SurveyAnswer.objects.exclude(text="").values_list("text", flat=True)
    assert sorted(said) == sorted(answered[2].values())
    assert SurveyAnswer.objects.filter(question="score").count() == FEW
    assert SurveyAnswered.objects.count() == FEW


@of_few
def test_staff_read_texts_without_an_order_of_time(
    answered: tuple[Staff, Survey, dict[int, str]],
) -> None:
    ann, survey, texts = answered
    found = results.list_texts(survey=survey, question="say", by=ann, at=AT)
    assert found == [(None, text) for text in sorted(texts.values())]


@pytest.mark.parametrize(("count", "shown"), [(4, False), (5, True)])
def test_few_answers_are_not_shown(*, count: int, shown: bool) -> None:
    ann = factories.staff(factories.community(language="en"))
    accounts = factories.members(ann.community, *(f"m{n}" for n in range(count)))
    survey = published(ann, QUESTIONS, is_anonymous=True)
    for account in accounts:
        answer(survey, account, say="no")
    found = results.compute(survey=survey, by=ann, at=AT)
    assert (found.answered, bool(found.questions)) == (count, shown)
    texts = results.list_texts(survey=survey, question="say", by=ann, at=AT)
    assert bool(texts) is shown


@of_few
def test_nobody_gets_a_single_anonymous_response(
    answered: tuple[Staff, Survey, dict[int, str]],
) -> None:
    ann, _survey, _texts = answered
    pk = SurveyResponse.objects.values_list("pk", flat=True).first()
    assert pk is not None
    with pytest.raises(Exception, match="no such answers"):
        responses.get(by=ann, pk=pk, at=AT)
