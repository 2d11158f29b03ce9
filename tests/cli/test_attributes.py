from __future__ import annotations

import pytest

from qunce.core.communities import Community
from qunce.members.attributes import attributes
from tests import factories
from tests.cli.runner import Run
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(transactional_db: None) -> Community:
    shop = factories.community(language="en")
    by = factories.staff(shop)
    postcode = attributes.define(
        community=shop, name="postcode", type="text", by=by, at=AT
    )
    ids = factories.members(shop, "ann", "bob")
    values = dict(zip(ids, ("010020", "A-12"), strict=True))
    attributes.set_values(attribute=postcode, values=values, by=by, at=AT)
    return shop


def test_type_is_changed_once_dropping_is_chosen(run: Run, shop: Community) -> None:
    words = ("attributes", "change-type", "postcode", "number")
    seen = run(*words, "--dry-run")
    assert "“010020” becomes “10020” (ann)" in seen.output
    assert "Nothing was changed." in seen.output
    refused = run(*words)
    assert refused.code != 0 and "“A-12” (bob)" in refused.errors
    listed = run("attributes", "list", "--json").json["attributes"]
    assert [(row["name"], row["type"]) for row in listed] == [("postcode", "text")]
    done = run(*words, "--drop-unreadable", "--json").json
    assert (done["type"], done["converted"], done["unreadable"]) == ("number", 1, 1)
    assert attributes.get(shop, "postcode").type == "number"


def test_unknown_attribute_is_not_found(run: Run, shop: Community) -> None:
    assert run("attributes", "change-type", "nope", "text").code == 3
    assert run("attributes", "change-type", "postcode", "poem").code != 0


def test_attribute_is_defined_with_its_choices(run: Run, shop: Community) -> None:
    words = ("size", "choice", "--choices", "40, 41")
    defined = run("attributes", "add", *words, "--json").json
    assert defined == {"name": "size", "type": "choice", "choices": ["40", "41"]}
