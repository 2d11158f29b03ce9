from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from qunce.core.communities import Community
from qunce.members.tags import expiry
from tests.cli.runner import Run
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)


def members_with_tag(run: Run, tag: str = "vip") -> list[str]:
    rule = f'{{"tag": {{"any": ["{tag}"]}}}}'
    keys: list[str] = run("audience", "list", rule, "--json").json["keys"]
    return keys


def test_members_are_tagged_by_key_file_and_rule(
    run: Run, shop: Community, tmp_path: Path
) -> None:
    path = tmp_path / "keys"
    path.write_text("cyd\n\ncyd\n")
    answer = run("tags", "apply", "vip", "--file", str(path), "--json").json
    assert (answer["members"], answer["changed"]) == (1, 1)
    assert members_with_tag(run) == ["ann", "bob", "cyd"]
    run("tags", "apply", "vip", "--members", "dee,ann")
    assert members_with_tag(run) == ["ann", "bob", "cyd", "dee"]
    new = ("--new-in", "bought", "--rule", '{"tag": {"any": ["vip"]}}')
    assert run("tags", "apply", "koc", *new, "--json").json["changed"] == 4
    assert members_with_tag(run, "koc") == ["ann", "bob", "cyd", "dee"]


def test_batch_is_undone(run: Run, shop: Community) -> None:
    batch = run("tags", "apply", "vip", "--members", "bob,cyd", "--json").json["batch"]
    assert run("tags", "undo", str(batch), "--json").json["restored"] == 1
    assert members_with_tag(run) == ["ann", "bob"]
    assert run("tags", "undo", str(batch)).code == 4
    assert run("tags", "undo", "99999").code == 3


def test_tag_is_removed(run: Run, shop: Community) -> None:
    answer = run("tags", "remove", "vip", "--members", "ann,cyd", "--json").json
    assert answer["changed"] == 1
    assert members_with_tag(run) == ["bob"]


def test_depth_is_set_exactly(run: Run, shop: Community) -> None:
    run("tags", "apply", "vip", "--members", "ann", "--depth", "3")
    deep = '{"tag": {"any": ["vip"], "depth": {"gte": 3}}}'
    assert run("audience", "list", deep).output == "ann\n"
    run("tags", "apply", "vip", "--members", "ann", "--depth", "0")
    assert members_with_tag(run) == ["bob"]
    assert run("tags", "apply", "vip", "--members", "ann", "--depth", "-1").code == 2
    levels = "1 newcomer, 3 regular"
    assert run("tags", "set-levels", "vip", levels).output.strip() == levels
    run("tags", "apply", "vip", "--members", "ann", "--depth", "regular")
    assert run("audience", "list", deep).output.split() == ["ann"]
    run("tags", "apply", "vip", "--members", "bob", "--depth", "+1")
    run("tags", "apply", "vip", "--members", "bob", "--depth", "+2")
    assert run("audience", "list", deep).output.split() == ["ann", "bob"]
    assert run("tags", "set-levels", "vip", "3 a, 1 b").code == 2


def test_expired_tag_is_removed_automatically(run: Run, shop: Community) -> None:
    until = (AT + timedelta(days=1)).isoformat()
    run("tags", "apply", "vip", "--members", "cyd", "--expires", until)
    assert expiry.remove_expired(at=AT) == 0
    assert expiry.remove_expired(at=AT + timedelta(days=1)) == 1
    assert members_with_tag(run) == ["ann", "bob"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("tags", "apply", "vpi", "--members", "ann"), 3),
        (("tags", "apply", "vip", "--members", "nobody"), 3),
        (("tags", "apply", "vip"), 2),
        (("tags", "apply", "vip", "--members", "ann", "--rule", "{}"), 2),
        (("tags", "apply", "new", "--new-in", "nowhere", "--members", "ann"), 3),
        (("tags", "undo"), 2),
        (("tags", "remove", "vip"), 2),
        (("tags", "undo", "vip"), 2),
        (("tags", "apply", "vip", "--members", "ann", "--expires", "soon"), 2),
    ],
)
def test_wrong_arguments_are_refused(
    run: Run, shop: Community, words: tuple[str, ...], code: int
) -> None:
    assert run(*words).code == code
    assert members_with_tag(run) == ["ann", "bob"]
