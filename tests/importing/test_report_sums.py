"""What the report counts adds up, whatever happens between the check and the write."""

from __future__ import annotations

import contextlib
import csv
import random
from pathlib import Path

import pytest
from pytest_django import Settings

from qunce.core import batch_writes
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.importing import pipeline
from qunce.importing.jobs import error_report, jobs, reports
from qunce.importing.jobs.jobs import ImportJob
from qunce.members.accounts import accounts, placeholders
from qunce.members.accounts.models import Account
from qunce.members.people import people
from qunce.members.tags import library
from qunce.members.tags.models import Tag
from tests import factories
from tests.factories import AT
from tests.faults import import_files
from tests.importing import helpers
from tests.importing.test_interrupted_imports import Killed, kill_after

ROWS = 200
SAME = {"same_people": "same", "shared:phone": "join"}
AGAIN = {"again": "skip"}
KNOWN = 40
pytestmark = pytest.mark.usefixtures("small_batches")


@pytest.fixture
def small_batches(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.IMPORT_CHUNK_ROWS = 60
    monkeypatch.setattr(batch_writes, "MAX_ROWS", 20)
    monkeypatch.setattr(batch_writes, "MIN_ROWS", 1)


def write(folder: Path, target: str) -> tuple[Path, list[str], list[str]]:
    """Return a file whose every row names a member, with the keys and phones of them."""
    path = folder / f"{target}.csv"
    write_past(path, target, seed=3)
    heading, *rows = csv.reader(path.read_text().splitlines())
    phone = heading.index("phone")
    key = heading.index("member_key")
    keys = [row[key] or f"P{number}" for number, row in enumerate(rows)]
    phones = [row[phone] or f"138{number:08}" for number, row in enumerate(rows)]
    for index, (row, each, number) in enumerate(zip(rows, keys, phones, strict=True)):
        row[key], row[phone] = each, number
        if "left_at" in heading:
            row[heading.index("left_at")] = ""
        if "kind" in heading:
            row[heading.index("kind")] = "page.viewed"
        if "order_id" in heading:
            row[heading.index("order_id")] = f"O{index}"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([heading, *rows])
    return path, keys, phones


def write_past(path: Path, target: str, seed: int) -> None:
    """Write a file whose times are all before now."""
    import_files.write(target, path, ROWS, seed)
    path.write_text(path.read_text().replace("2026-0", "2025-0"))


class Meanwhile:
    """What other people do to members and tags while a file is imported."""

    def __init__(self, shop: Community, keys: list[str], phones: list[str]) -> None:
        self.shop, self.by = shop, staff_models.system(shop)
        self.keys, self.phones = keys, phones
        self.count = 0

    def prepare(self) -> None:
        for key in dict.fromkeys(self.keys[:KNOWN]):
            factories.member(self.shop, key)
        for number in range(8):
            factories.tag(self.shop, f"t{number}")
        factories.member(self.shop, "stranger")

    def happens(self) -> None:
        self.count += 1
        step = 7 * self.count
        erased = self.keys[step : step + 2]
        for account in Account.objects.filter(community=self.shop, key__in=erased):
            people.erase(account=account, by=self.by, at=AT)
        stranger = Account.objects.get(community=self.shop, key="stranger")
        values = [
            (stranger.pk, "phone", self.phones[index])
            for index in range(step, ROWS, 31)
        ]
        accounts.add_identifiers(community=self.shop, values=values, by=self.by, at=AT)
        tag = Tag.objects.get(community=self.shop, key=f"t{self.count}")
        library.archive(tag=tag, by=self.by, at=AT)


def assert_adds_up(job: ImportJob) -> None:
    job = ImportJob.objects.get(pk=job.pk)
    fates = reports.count_fates(job)
    assert job.rows_read == sum(fates.values()) + job.rows_broken, job.counts
    assert job.rows_read == ROWS
    assert job.problems.values("row").distinct().count() == job.rows_broken
    path = error_report.path_of(job)
    text = path.read_text() if path.exists() else "row"
    lines = list(csv.reader(text.splitlines()))
    assert len(lines) - 1 == job.problems.count()


ROW_TARGETS = [target for target in import_files.TARGETS if target != "members"]


@pytest.mark.both_databases
@pytest.mark.parametrize("target", ROW_TARGETS)
def test_report_adds_up_when_rows_break_after_the_check(
    shop: Community, tmp_path: Path, target: str
) -> None:
    path, keys, phones = write(tmp_path, target)
    meanwhile = Meanwhile(shop, keys, phones)
    meanwhile.prepare()
    plan = helpers.plan(shop, path, target, mode="all")
    is_done = False

    def progress(phase: str, done: int, _expected: int) -> None:
        nonlocal is_done
        if phase == pipeline.CHECKING and done == ROWS and not is_done:
            is_done = True
            meanwhile.happens()

    job = pipeline.run(plan, progress=progress).job
    assert meanwhile.count
    assert job.state == "done"
    assert_adds_up(job)
    # Facts are checked once, when they are laid out, and the key of an order wins.
    assert (job.rows_broken > 0) == (target not in ("facts", "orders"))


@pytest.mark.parametrize("mode", ["all", "valid"])
@pytest.mark.parametrize("target", ROW_TARGETS)
def test_report_adds_up_when_rows_break_between_kills(
    shop: Community,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    mode: str,
) -> None:
    path, keys, phones = write(tmp_path, target)
    meanwhile = Meanwhile(shop, keys, phones)
    meanwhile.prepare()
    refusals = (jobs.RowsChanged, pipeline.HasBrokenRows)
    ends = []
    for batches in (1, 2, 3, ROWS):
        with monkeypatch.context() as patch:
            kill_after(patch, batches)
            try:
                job = helpers.run(shop, path, target, mode=mode, answers=AGAIN).job
            except Killed:
                meanwhile.happens()
            except refusals as error:
                ends.append(str(error))
            else:
                ends.append(job.state)
                assert_adds_up(job)
                assert error_report.path_of(job).exists() == (job.rows_broken > 0)
    assert all(ends)
    assert ends


@pytest.mark.parametrize("seed", range(4))
def test_members_report_adds_up_between_random_kills(
    shop: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311 - not a secret
    path = tmp_path / "members.csv"
    write_past(path, "members", seed)
    for _kill in range(rng.randrange(1, 4)):
        with monkeypatch.context() as patch:
            kill_after(patch, rng.randrange(6))
            with pytest.raises(Killed):
                helpers.run(shop, path, "members", mode="all", answers=SAME)
        account = Account.objects.filter(community=shop).order_by("pk").last()
        if account is not None and rng.random() < 0.5:
            people.erase(account=account, by=staff_models.system(shop), at=AT)
    with contextlib.suppress(jobs.RowsChanged):
        assert_adds_up(helpers.run(shop, path, "members", mode="all", answers=SAME).job)
    last = ImportJob.objects.order_by("-pk")[0]
    assert last.state == "done" or last.error


def test_placeholder_that_is_added_meanwhile_moves_no_rows(
    shop: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"{'walk-in' if n % 9 == 0 else f'm{n}'},t1\n" for n in range(ROWS))
    path = helpers.write(tmp_path, f"member_key,tag\n{rows}")
    with monkeypatch.context() as patch:
        kill_after(patch, 3)
        with pytest.raises(Killed):
            helpers.run(shop, path, "tags")
    placeholders.add(
        community=shop, text="walk-in", by=staff_models.system(shop), at=AT
    )
    before = ImportJob.objects.get()
    try:
        job = helpers.run(shop, path, "tags").job
    except jobs.RowsChanged:
        assert before.next_row
    else:
        assert not before.next_row
        assert_adds_up(job)
        assert job.rows_broken


def test_totals_in_a_file_of_facts_are_counted_as_skipped(
    shop: Community, tmp_path: Path
) -> None:
    rows = "".join(f"page.viewed,m{n},2026-03-01 10:00:0{n}\n" for n in range(3))
    path = helpers.write(tmp_path, f"kind,member_key,happened_at\n{rows}合计,3,\n")
    for mode in ("all", "valid"):
        job = helpers.run(shop, path, "facts", mode=mode).job
        assert (job.rows_read, reports.count_fates(job)["skipped"]) == (4, 1)
        assert job.rows_read == sum(reports.count_fates(job).values())
