from __future__ import annotations

import pytest

from qunce.core.communities import Community
from tests import factories
from tests.cli.runner import Run

pytestmark = pytest.mark.django_db(transaction=True)


def test_welcomes_and_styles_of_service_are_set_and_explained(
    run: Run, shop: Community
) -> None:
    factories.staff(shop, "manager", "ann")
    factories.member(shop, "wang", name="Wang", source="parcel")
    add = ("welcomes", "add", "Parcel", "--text", "Hi {name|you}")
    refused = run(*add)
    assert refused.code == 2
    assert "Give a condition" in refused.errors
    pk = str(run(*add, "--source", "parcel", "--posted-by", "ann", "--json").json["id"])
    assert run("welcomes", "start", pk).code == 0
    shown = run("welcomes", "preview", "--member", "wang", "--json").json
    assert (shown["text"], str(shown["welcome"])) == ("Hi Wang", pk)
    assert run("welcomes", "why", "wang").output
    assert run("welcomes", "list", "--json").json["welcomes"][0]["is_on"]
    assert run("welcomes", "stop", pk).code == 0
    run("service-styles", "create-usual")
    listed = run("service-styles", "list", "--json").json["service_styles"]
    ids = {row["name"]: str(row["id"]) for row in listed}
    care = ids["Close care"]
    wrong = run("service-styles", "assign", ids["Mass feed"], "--rule", "parcel")
    assert "Write a rule like source:parcel=2" in wrong.errors
    rule = f"source:parcel={care}"
    assert run("service-styles", "assign", ids["Mass feed"], "--rule", rule).code == 0
    assert run("service-styles", "why", "wang", "--json").json["service_style"] == (
        "Close care"
    )
