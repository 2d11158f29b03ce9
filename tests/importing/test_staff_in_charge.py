"""Files of members that say who is in charge of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from qunce import schedule
from qunce.core.jobs import scheduler
from qunce.importing.jobs import jobs
from qunce.importing.undo import undos
from tests import factories
from tests.importing import helpers


@pytest.mark.django_db(transaction=True)
def test_file_assigns_staff_and_its_undo_gives_them_back(tmp_path: Path) -> None:
    shop = factories.community()
    boss = factories.staff(shop, "owner", "boss")
    factories.staff(shop, "operator", "wang", name="王芳")
    helpers.run(shop, helpers.write(tmp_path, "会员号,归属员工\na,boss\n"), "members")
    text = "会员号,归属员工\na,王芳\nnew,wang\nd,谁\nplain,\n"
    result = helpers.run(shop, helpers.write(tmp_path, text), "members")
    job = result.job

    def in_charge_of(login: str) -> list[str]:
        rule = {"staff": {"any": [login]}}
        return factories.matching_keys(shop, rule, at=factories.LATER)

    assert in_charge_of("wang") == ["a", "new"]
    (problem,) = job.problems.all()
    assert (problem.field, problem.value) == ("归属员工", "谁")
    assert "王芳 (wang)" in problem.remedy
    undos.start(job=job, by=boss, at=factories.LATER)
    only = {name: schedule.SCHEDULE[name] for name in (jobs.JOB, jobs.UNDO_JOB)}
    while scheduler.run_due(only, clock=lambda: factories.LATER):
        pass
    assert in_charge_of("boss") == ["a"]
    assert in_charge_of("wang") == []
