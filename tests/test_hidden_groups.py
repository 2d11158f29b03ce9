"""Groups that staff do not see are unknown to their rules, like groups that do not exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.segments import frozen, segments
from qunce.outreach.campaigns import campaigns
from qunce.sets import audiences
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.clients import create_client
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db(transaction=True)


def rule(group: str) -> Any:
    return {"any": [{"all": []}, {"group": {"any": [group]}}]}


def did(group: str) -> Any:
    return {"did": {"kind": "group.joined", "where": {"group": group}}}


@pytest.fixture
def limited(shop: Community, by: Staff) -> Staff:
    ann, bob = factories.members(shop, "ann", "bob")
    factories.group(shop, "open", ann)
    factories.group(shop, "hidden", ann, bob)
    return factories.staff(shop, "manager", "eve", groups=["open"])


ASKING: list[Callable[[Any, Staff], Any]] = [
    lambda rule, by: audiences.count(
        community=by.community, rule=rule, by=by, at=LATER
    ),
    lambda rule, by: audiences.explain(
        community=by.community, rule=rule, by=by, at=LATER, account=1
    ),
    lambda rule, by: audiences.overlap(
        community=by.community, left={"all": []}, right=rule, by=by, at=LATER
    ),
    lambda rule, by: audiences.count(
        community=by.community,
        rule=audiences.compile_rule(community=by.community, rule=rule),
        by=by,
        at=LATER,
    ),
    lambda rule, by: frozen.freeze(
        community=by.community, key="f", rule=rule, by=by, at=LATER
    ),
    lambda rule, by: segments.create(
        community=by.community, key="s", rule=rule, by=by, at=LATER
    ),
    lambda rule, by: campaigns.create(
        community=by.community, name="C", rule=rule, by=by, at=LATER
    ),
]


@pytest.mark.parametrize("ask", ASKING)
@pytest.mark.parametrize("write", [rule, did])
def test_hidden_group_is_unknown(
    shop: Community, limited: Staff, ask: Callable[..., Any], write: Callable[..., Any]
) -> None:
    def answer(group: str) -> str:
        with pytest.raises(RuleError) as refused:
            ask(write(group), limited)
        return str(refused.value).replace(group, "…")

    assert answer("hidden") == answer("nowhere")
    ask(write("open"), limited)


def test_shared_segment_may_use_any_group(
    shop: Community, by: Staff, limited: Staff
) -> None:
    made: dict[str, Any] = {"community": shop, "by": by, "at": AT}
    segments.create(key="both", rule=rule("hidden"), **made)
    use = {"segment": {"any": ["both"]}}
    assert audiences.count(community=shop, rule=use, by=limited, at=LATER) == 2
    segment = segments.get(shop, "both")
    with pytest.raises(RuleError):
        segments.update(segment=segment, rule=rule("hidden"), by=limited, at=LATER)
    segments.update(segment=segment, name="New name", by=limited, at=LATER)


def test_programs_do_not_learn_of_hidden_groups(
    shop: Community, limited: Staff
) -> None:
    api = create_client(shop, "manager", groups=["open"])
    answers = {
        str(api.post("/rules/count", {"rule": rule(group)}).body).replace(group, "…")
        for group in ("hidden", "nowhere")
    }
    assert len(answers) == 1
    assert api.post("/rules/count", {"rule": rule("open")}).status == 200
