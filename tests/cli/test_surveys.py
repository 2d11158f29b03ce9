"""`qunce surveys`: results and answers from the command line."""

from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.cli.runner import Run
from tests.members.surveys.asking import answer, published

pytestmark = pytest.mark.django_db(transaction=True)


def test_results_and_answers_are_written(run: Run, shop: Community, by: Staff) -> None:
    mia = factories.member(shop, "mia", name="=Mia").pk
    survey = published(by)
    answer(survey, mia, came="yes", score=9)
    assert "March" in run("surveys", "list").output
    shown = run("surveys", "results", survey.public_id)
    # The four others of the shop are asked, too.
    assert "1 / 5" in shown.output
    assert "nps=100" in shown.output
    found = run("surveys", "results", survey.public_id, "--json").json
    assert (found["answered"], found["questions"][1]["nps"]) == (1, 100)
    assert "'=Mia" in run("surveys", "export", survey.public_id).output
    assert run("surveys", "results", "nothing1").code != 0
