"""Groups that staff do not see are unknown to their rules, like groups that do not exist."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.members.segments import frozen, segments
from qunce.outreach.campaigns import campaigns
from qunce.sets import audiences
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.cli.runner import in_this_process
from tests.clients import browser, create_client
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


def test_facts_and_exports_of_a_member_name_no_hidden_group(
    shop: Community, limited: Staff
) -> None:
    api = create_client(shop, "manager", groups=["open"])
    (ann,) = [row["id"] for row in api.get("/members?key=ann").body["items"]]
    items = api.get(f"/facts?member_id={ann}").body["items"]
    joined = [fact["group_id"] for fact in items if fact["kind"] == "group.joined"]
    seen = [group["id"] for group in api.get("/groups").body["items"]]
    assert sorted(joined, key=str) == sorted([*seen, None], key=str)
    # It would be incomplete, or reveal the group.
    assert api.get(f"/members/{ann}/export").status == 403
    assert create_client(shop).get(f"/members/{ann}/export").status == 200


def test_staff_with_a_scope_cannot_tell_hidden_members_from_unknown_ones(
    shop: Community, limited: Staff
) -> None:
    factories.apply_tag(shop, "vip", "ann")
    narrow = factories.staff(shop, "manager", "nan", scope={"tag": {"any": ["vip"]}})
    for keys, n in ((["bob"], 0), (["nobody"], 0), (["ann", "nobody", "bob"], 1)):
        rule = {"members": {"keys": keys}}
        asked: dict[str, Any] = {"community": shop, "rule": rule, "at": LATER}
        assert audiences.count(by=narrow, **asked) == n
        made: dict[str, Any] = {"community": shop, "rule": rule, "at": AT}
        segments.create(key=f"s-{keys[0]}", by=narrow, **made)
    rule = {"members": {"keys": ["nobody"]}}
    with pytest.raises(RuleError):
        audiences.count(community=shop, rule=rule, by=limited, at=LATER)


def sentence_of(row: str) -> str:
    """The text of a part of a page, without its attributes."""
    return " ".join(re.sub(r"<[^>]*>", " ", row).split())


def test_shared_rules_do_not_name_hidden_groups(
    shop: Community, by: Staff, limited: Staff, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever sees one group reads the other ones as if there were none."""
    shared: Any = {
        "all": [
            {"group": {"any": ["open", "hidden"]}},
            {"not": {"did": {"kind": "group.joined", "where": {"group": ["hidden"]}}}},
        ]
    }
    segment = factories.segment(shop, "shared", shared, name="Shared")
    seen, whole = create_client(shop, groups=["open"]), create_client(shop)
    (row,) = seen.get("/segments").body["items"]
    dots = masking.DOTS
    assert row["rule"]["all"][0] == {"group": {"any": ["open", dots]}}
    assert row["rule"]["all"][1]["not"]["did"]["where"] == {"group": [dots]}
    (row,) = whole.get("/segments").body["items"]
    assert row["rule"] == shared
    for who, shows_all in ((limited, False), (by, True)):
        page = browser(who).get("/members/segments/").content.decode()
        row = page[page.index("Shared") :].split("</tr>")[0].split("</li>")[0]
        assert "open" in sentence_of(row)
        assert ("hidden" in sentence_of(row)) == shows_all
        edit = browser(who).get(f"/members/segments/{segment.pk}/")
        assert (edit.status_code == 200) == shows_all
    # Its size is counted for them, too, as it is for the segment in a rule.
    sized = seen.get(f"/segments/{segment.pk}/count")
    assert sized.body == whole.get(f"/segments/{segment.pk}/count").body
    ann = account_queries.find(shop, ["ann"])["ann"]
    why = seen.get(f"/segments/{segment.pk}/explain?member_id={ann}")
    assert why.status == 200
    assert "hidden" not in json.dumps(why.body)
    run = in_this_process(capsys, "--community", shop.key, "--as", limited.login)
    shown = run("segments", "show", "shared").output
    assert "open" in shown
    assert "hidden" not in shown
