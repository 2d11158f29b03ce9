"""Files larger than the sample by which they are planned, with what comes only later."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.importing import background_imports, plan_review
from qunce.importing.columns import column_traits
from qunce.importing.jobs import uploads
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.plan.options import ALL_ROWS, VALID_ROWS
from qunce.importing.targets.orders import order_questions
from qunce.members.accounts.models import Account
from qunce.members.attributes.attributes import Attribute
from qunce.members.tags.models import Tagging
from qunce.sales.models import Order
from tests import cpu, factories
from tests.factories import AT
from tests.importing.test_jobs import run_jobs

SAMPLE = 10
MAX_CPU_SECONDS = 3.0
"""Of an upload, on a machine that does other things; it takes less than one."""


@pytest.fixture(autouse=True)
def _small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "SAMPLE_ROWS", SAMPLE)
    monkeypatch.setattr(background_imports, "MAX_ROWS_PLANNED", SAMPLE)
    monkeypatch.setattr(column_traits, "HEAD_ROWS", SAMPLE)
    monkeypatch.setattr(order_questions, "HEAD_ROWS", SAMPLE)


def import_rows(
    by: Staff, heading: str, first: str, later: list[str], **options: object
) -> ImportJob:
    """Import a file whose first rows, more than the sample, are alike."""
    rows = [first.replace("#", str(n)) for n in range(3 * SAMPLE)] + later
    upload = factories.upload(by, "\n".join([heading, *rows, ""]))
    assert not background_imports.is_planned_whole(upload)
    options = {"mode": VALID_ROWS, **options}
    uploads.change_options(upload=upload, by=by, **options)
    job = background_imports.start(upload=upload, by=by, at=AT)
    run_jobs()
    job.refresh_from_db()
    return job


def start_again(job: ImportJob, by: Staff, **answers: str) -> ImportJob:
    """Answer what the failed import asks, and import the file again."""
    upload = job.upload
    assert upload is not None
    review = plan_review.review(upload, by=by, at=AT)
    assert review.plan is not None
    asked = {question.name: question.key for question in review.plan.questions}
    given = {asked[name]: answer for name, answer in answers.items()}
    uploads.change_options(upload=upload, by=by, answers=given)
    again = background_imports.start(upload=upload, by=by, at=AT)
    run_jobs()
    again.refresh_from_db()
    return again


MEMBERS = {"target": "members"}
ORDERS = {"target": "orders"}
HEADING = "order_id,member_key,paid_at,amount"


def joined(key: str) -> str:
    joined_at = Account.objects.get(key=key).joined_at
    assert joined_at is not None
    return (joined_at + timedelta(hours=8)).date().isoformat()


def test_order_of_dates_that_comes_later_is_asked(by: Staff) -> None:
    job = import_rows(
        by, "key,joined_at", "m#,2025-01-02", ["x,3/4/2025", "y,5/6/2025"], **MEMBERS
    )
    # All of the first rows are clear, so that the others are looked at row by row.
    if job.state == "failed":
        job = start_again(job, by, dates="dmy")
        assert (job.rows_broken, joined("x")) == (0, "2025-04-03")
    else:
        assert (job.state, job.rows_broken) == ("done", 2)
        assert {problem.field for problem in job.problems.all()} == {"joined_at"}
        assert not Account.objects.filter(key__in="xy").exists()


def test_answer_that_later_dates_contradict_is_asked_again(by: Staff) -> None:
    answers = {"dates:joined_at": "dmy"}
    job = import_rows(
        by, "key,joined_at", "m#,3/4/2025", ["x,3/31/2025"], **MEMBERS, answers=answers
    )
    assert job.state == "failed"
    assert "joined_at" in job.error
    assert not Account.objects.exists()
    again = start_again(job, by, dates="mdy")
    assert (again.state, again.rows_broken) == ("done", 0)
    assert (joined("m0"), joined("x")) == ("2025-03-04", "2025-03-31")


def test_answer_that_later_dates_contradict_may_be_kept(by: Staff) -> None:
    answers = {"dates:joined_at": "dmy"}
    job = import_rows(
        by, "key,joined_at", "m#,3/4/2025", ["x,3/31/2025"], **MEMBERS, answers=answers
    )
    again = start_again(job, by, dates="dmy")
    assert (again.state, again.rows_broken) == ("done", 1)
    assert joined("m0") == "2025-04-03"


def test_dates_that_contradict_each_other_later_are_asked(by: Staff) -> None:
    job = import_rows(by, "key,joined_at", "m#,31/3/2025", ["x,3/31/2025"], **MEMBERS)
    assert job.state == "failed"
    assert "joined_at" in job.error


def test_answer_that_later_dates_support_is_used(by: Staff) -> None:
    answers = {"dates:joined_at": "dmy"}
    job = import_rows(
        by, "key,joined_at", "m#,3/4/2025", ["x,31/3/2025"], **MEMBERS, answers=answers
    )
    assert (job.state, joined("m0"), joined("x")) == (
        "done",
        "2025-04-03",
        "2025-03-31",
    )


def test_decimal_sign_that_later_amounts_contradict_is_asked_again(by: Staff) -> None:
    answers = {"decimal:amount": "point"}
    job = import_rows(
        by,
        HEADING.replace(",", ";"),
        "o#;m#;2025-01-02;1.234",
        ["x;m;2025-01-02;1.234,50"],
        **ORDERS,
        answers=answers,
    )
    assert job.state == "failed"
    assert "amount" in job.error
    assert not Order.objects.exists()
    again = start_again(job, by, decimal="comma")
    assert (again.state, again.rows_broken) == ("done", 0)
    assert Order.objects.get(key="x").amount == 123_450
    assert Order.objects.get(key="o0").amount == 123_400


def test_amount_in_another_style_later_is_refused(by: Staff) -> None:
    job = import_rows(
        by, HEADING, "o#,m#,2025-01-02,12.50", ['x,m,2025-01-02,"1.234,50"'], **ORDERS
    )
    if job.state == "failed":
        assert "amount" in job.error
    else:
        assert [problem.field for problem in job.problems.all()] == ["amount"]
    assert not Order.objects.filter(key="x").exists()


def test_status_that_comes_later_is_asked(by: Staff) -> None:
    job = import_rows(
        by,
        f"{HEADING},status",
        "o#,m#,2025-01-02,5,paid",
        ["x,m,2025-01-02,5,frobnicated"],
        **ORDERS,
    )
    assert job.state == "failed"
    assert "frobnicated" in job.error
    again = start_again(job, by, status="sale")
    assert (again.state, Order.objects.filter(key="x").count()) == ("done", 1)


@pytest.mark.parametrize("is_answered", [False, True])
def test_sign_of_several_currencies_that_comes_later_is_refused(
    by: Staff, shop: Community, *, is_answered: bool
) -> None:
    assert shop.currency == "CNY"
    job = import_rows(
        by,
        HEADING,
        "o#,m#,2025-01-02,5",
        ["x,m,2025-01-02,$5", "y,m,2025-01-02,€5"],
        **ORDERS,
        answers={"sign:$": "AUD"} if is_answered else {},
    )
    assert job.state == "done"
    assert Order.objects.get(key="y").currency == "EUR"
    assert Order.objects.get(key="o0").currency == "CNY"
    if is_answered:
        assert Order.objects.get(key="x").currency == "AUD"
    else:
        assert not Order.objects.filter(key="x").exists()
        assert "sign:$=" in job.problems.get().remedy


def test_separator_that_comes_later_is_asked(by: Staff) -> None:
    job = import_rows(by, "key,tags", "m#,vip", ["x,a b", "y,c d"], **MEMBERS)
    if job.state == "failed":
        assert "tags" in job.error
    else:
        # One entry per cell is what the text says if nothing separates it.
        found = Tagging.objects.filter(account_id=Account.objects.get(key="x").pk)
        assert set(found.values_list("tag__name", flat=True)) in ({"a b"}, {"a", "b"})


def test_separator_that_later_cells_contradict_is_asked_again(by: Staff) -> None:
    answers = {"separator:tags": "none"}
    job = import_rows(
        by,
        "key;tags",
        "m#;rock/pop",
        ["x;red|blue", "y;green|blue", "z;red|green"],
        **MEMBERS,
        answers=answers,
    )
    assert job.state == "failed"
    assert "tags" in job.error


def test_type_of_a_further_column_is_by_all_rows(by: Staff) -> None:
    job = import_rows(by, "key,floor", "m#,#", ["x,12a", "y,ground"], **MEMBERS)
    assert (job.state, job.rows_broken) == ("done", 0)
    assert Attribute.objects.get(name="floor").type == "text"


def test_further_choice_that_comes_later_is_kept(by: Staff) -> None:
    later = [f"x{n},diamond" for n in range(20)]
    job = import_rows(by, "key,level", "m#,gold", later, **MEMBERS)
    assert (job.state, job.rows_broken) == ("done", 0)
    values = set(
        Attribute.objects.get(name="level").values.values_list("text", flat=True)
    )
    assert {"gold", "diamond"} <= values


def test_broken_row_later_keeps_all_out(by: Staff) -> None:
    job = import_rows(
        by, "key,joined_at", "m#,2025-01-02", ["x,soon"], **MEMBERS, mode=ALL_ROWS
    )
    assert (job.state, job.rows_broken) == ("rejected", 1)
    assert not Account.objects.exists()


ODD: dict[str, Callable[[random.Random, int], str]] = {
    "cells that do not fit": lambda rng, n: f"o{n},m{n},2025-01-02,1,2,3,4",
    "one cell": lambda rng, n: "x",
    "money": lambda rng, n: (
        f"o{n},m{n},{n % 12 + 1}/{n % 11 + 1}/2025,{rng.choice('$¥€')}{n}.{n % 1000:03}"
    ),
    "words": lambda rng, n: f"o{n},m{n},二〇二五年{n}月,约{n}.{n % 1000:03}元左右",
    "quotes": lambda rng, n: f'o{n},"m\n{n}",2025-01-02,"1""{n}"',
}


@pytest.mark.parametrize("name", ODD)
def test_upload_of_odd_rows_costs_little(
    by: Staff, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.undo()
    rng = random.Random(1)  # noqa: S311 - not a secret
    rows = [ODD[name](rng, n) for n in range(120_000)]
    content = "\n".join([HEADING, *rows]).encode()
    rows.clear()
    path = uploads.new_upload_path(by.community)
    path.write_bytes(content)
    with cpu.at_most(MAX_CPU_SECONDS):
        upload = uploads.accept(path=path, name="odd.csv", by=by, at=AT)
        plan_review.review(upload, by=by, at=AT)


def test_counts_of_a_large_file_are_said_to_be_of_its_first_rows(
    shop: Community, by: Staff
) -> None:
    by.language = "en"
    ann = factories.member(shop, "m0")
    rows = ["key,name,phone", *(f"m{n},Member {n}," for n in range(3 * SAMPLE)), ""]
    upload = factories.upload(by, "\n".join(rows))
    review = plan_review.review(upload, by=by, at=AT)
    assert "first 10 rows" in "".join(review.notes)
    (question,) = review.questions
    assert "first 10 rows, 9 members" in question.text
    # Nobody in the first rows is unknown, and later somebody is.
    rows = ["key,tag", *[f"{ann.key},tea"] * 3 * SAMPLE, "zoe,tea", ""]
    upload = factories.upload(by, "\n".join(rows))
    uploads.change_options(upload=upload, by=by, target="tags")
    review = plan_review.review(upload, by=by, at=AT)
    assert "unknown_members" in [question.key for question in review.questions]
