"""`qunce placeholders` and `qunce shared-identifiers`."""

from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.members.accounts.models import Identifier, SharedIdentifier
from qunce.members.people import people
from tests import factories
from tests.cli.runner import Run

pytestmark = pytest.mark.django_db(transaction=True)


def test_placeholders_are_listed_added_and_removed(run: Run, shop: Community) -> None:
    assert run("--json", "placeholders", "add", "Nix").json["text"] == "nix"
    listed = run("--json", "placeholders", "list").json
    assert listed["placeholders"] == ["nix"]
    assert "null" in listed["usual"]
    run("placeholders", "remove", "NIX")
    assert run("--json", "placeholders", "list").json["placeholders"] == []


def test_shared_identifiers_are_listed_and_unmarked(run: Run, shop: Community) -> None:
    shop.shared_identifier_limit = 1
    shop.save()
    for key in "ab":
        given = {"phone": "13800138000"}
        factories.member(shop, key, name=key.upper(), identifiers=given)
    (row,) = run("--json", "shared-identifiers", "list").json["shared_identifiers"]
    assert (row["value"], row["accounts"]) == ("13800138000", 2)
    Identifier.objects.filter(account__key="b").delete()
    done = run("--json", "shared-identifiers", "unmark", "phone", "138 0013 8000").json
    assert done == {"kind": "phone", "value": "13800138000", "merged": 0}
    assert not SharedIdentifier.objects.exists()
    assert len(people.get(shop, "a").accounts) == 1
