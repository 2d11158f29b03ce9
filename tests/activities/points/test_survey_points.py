"""A rule of points for answering a survey earns once, also for an anonymous one."""

from __future__ import annotations

import pytest

from qunce import reactions
from qunce.activities.points import balances, rules
from tests import factories
from tests.factories import AT
from tests.members.surveys.asking import answer, published


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_anonymous", [False, True])
def test_answering_a_survey_earns_points_once(*, is_anonymous: bool) -> None:
    ann = factories.staff(factories.community(language="en"))
    mia = factories.members(ann.community, "mia")[0]
    rule = rules.create(
        community=ann.community, name="S", event="survey", points=20, by=ann, at=AT
    )
    rules.switch_on(rule=rule, by=ann, at=AT)
    answer(published(ann, is_anonymous=is_anonymous), mia, came="no")
    for _time in "12":
        reactions.CONSUMER.catch_up(at=AT)
    assert balances.balance(account_id=mia, at=AT).usable == 20
