from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from qunce.core.communities import Community
from qunce.members.tags import assignments
from tests.cli.runner import Ask
from tests.core.made import AT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def carriers(ask: Ask, tag: str = "vip") -> list[str]:
    rule = f'{{"tag": {{"any": ["{tag}"]}}}}'
    keys: list[str] = ask("audience", "list", rule, "--json").json["keys"]
    return keys


def test_members_are_tagged_by_key_file_and_rule(
    ask: Ask, shop: Community, tmp_path: Path
) -> None:
    path = tmp_path / "keys"
    path.write_text("cyd\n\ncyd\n")
    told = ask("tag", "vip", "--file", str(path), "--json").json
    assert (told["members"], told["changed"]) == (1, 1)
    assert carriers(ask) == ["ann", "bob", "cyd"]
    ask("tag", "vip", "--members", "dee,ann")
    assert carriers(ask) == ["ann", "bob", "cyd", "dee"]
    new = ("--new-in", "bought", "--rule", '{"tag": {"any": ["vip"]}}')
    assert ask("tag", "koc", *new, "--json").json["changed"] == 4
    assert carriers(ask, "koc") == ["ann", "bob", "cyd", "dee"]


def test_a_batch_is_undone(ask: Ask, shop: Community) -> None:
    batch = ask("tag", "vip", "--members", "bob,cyd", "--json").json["batch"]
    assert ask("untag", "--batch", str(batch), "--json").json["restored"] == 1
    assert carriers(ask) == ["ann", "bob"]
    assert ask("untag", "--batch", str(batch)).code == 4
    assert ask("untag", "--batch", "99999").code == 3


def test_a_tag_is_taken_off(ask: Ask, shop: Community) -> None:
    told = ask("untag", "vip", "--members", "ann,cyd", "--json").json
    assert told["changed"] == 1
    assert carriers(ask) == ["bob"]


def test_depth_is_set_exactly(ask: Ask, shop: Community) -> None:
    ask("tag", "vip", "--members", "ann", "--depth", "3")
    deep = '{"tag": {"any": ["vip"], "depth": {"gte": 3}}}'
    assert ask("audience", "list", deep).said == "ann\n"
    ask("tag", "vip", "--members", "ann", "--depth", "0")
    assert carriers(ask) == ["bob"]
    assert ask("tag", "vip", "--members", "ann", "--depth", "-1").code == 2


def test_a_tag_that_expires_goes_by_itself(ask: Ask, shop: Community) -> None:
    until = (AT + timedelta(days=1)).isoformat()
    ask("tag", "vip", "--members", "cyd", "--expires", until)
    assert assignments.remove_expired(at=AT) == 0
    assert assignments.remove_expired(at=AT + timedelta(days=1)) == 1
    assert carriers(ask) == ["ann", "bob"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("tag", "vpi", "--members", "ann"), 3),
        (("tag", "vip", "--members", "nobody"), 3),
        (("tag", "vip"), 2),
        (("tag", "vip", "--members", "ann", "--rule", "{}"), 2),
        (("tag", "new", "--new-in", "nowhere", "--members", "ann"), 3),
        (("untag",), 2),
        (("untag", "vip"), 2),
        (("untag", "vip", "--batch", "1"), 2),
        (("tag", "vip", "--members", "ann", "--expires", "soon"), 2),
    ],
)
def test_what_does_not_fit_is_refused(
    ask: Ask, shop: Community, words: tuple[str, ...], code: int
) -> None:
    assert ask(*words).code == code
    assert carriers(ask) == ["ann", "bob"]
