"""Complaints, the inbox and wishes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.complaints import complaints
from tests import factories
from tests.cli.runner import Run
from tests.factories import AT
from tests.outreach.replies import chats as chat_events
from tests.outreach.replies.chats import Chats

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop, "manager", "max")


@pytest.fixture
def chats(shop: Community) -> Iterator[Chats]:
    yield from chat_events.opened(shop)


def test_a_complaint_is_answered_and_closed(
    run: Run, shop: Community, owner: Staff
) -> None:
    case = complaints.create(
        community=shop, topic="quality", title="Cup broken", by=owner, at=AT
    )
    pk = str(case.pk)
    assert "Cup broken" in run("complaints", "list").output
    assert run("complaints", "list", "--late").output == ""
    assert run("complaints", "assign", pk, "max", "--json").json["owner"] == "max"
    assert run("complaints", "start", pk, "--json").json["state"] == "in_work"
    assert run("complaints", "answer", pk, "A new one is coming").code == 0
    assert run("complaints", "close", pk, "lost").code == 2
    closed = run("complaints", "close", pk, "replaced", "--text", "sent", "--json").json
    assert (closed["state"], closed["outcome"]) == ("closed", "replaced")
    shown = run("complaints", "show", pk).output
    assert "A new one is coming" in shown
    assert run("complaints", "list").output == ""
    assert run("complaints", "reopen", pk).code == 0
    assert run("complaints", "show", "99").code == 3


def test_a_conversation_is_assigned_and_answered(
    run: Run, owner: Staff, chats: Chats
) -> None:
    # Members of the channel, as those of the shop are on none.
    chats.write("dan", "hello?")
    chats.write("eve", "buy shoes")
    first, second = run("inbox", "list", "--json").json["conversations"]
    pk = str(first["id"])
    # New messages are assigned in turn, and there is one to assign them to.
    assert run("inbox", "assign", pk, "--json").json["staff"] == ""
    mine = run("inbox", "list", "--staff", "max", "--json").json["conversations"]
    assert [row["id"] for row in mine] == [second["id"]]
    assert run("inbox", "assign", pk, "max", "--json").json["staff"] == "max"
    assert "hello?" in run("inbox", "show", pk).output
    assert run("inbox", "answer", pk, "Hi").code == 0
    assert run("inbox", "answer", pk, "Hi").code == 4
    assert run("inbox", "close", str(second["id"]), "spam").code == 0
    assert run("inbox", "list").output == ""
    closed = run("inbox", "list", "--state", "closed", "--json").json["conversations"]
    assert [row["reason"] for row in closed] == ["spam"]
    assert run("inbox", "reopen", str(second["id"])).code == 0


def test_a_wish_is_noted_and_its_answer_drafted(run: Run, shop: Community) -> None:
    add = ("wishes", "add", "Decaf", "--member", "ann", "--member", "bob")
    pk = str(run(*add, "--json").json["id"])
    assert run("wishes", "answer", pk).code == 4
    assert run("wishes", "move", pk, "planned", "--json").json["state"] == "planned"
    drafted = run("wishes", "answer", pk, "--text", "It is here", "--json").json
    assert (drafted["members"], drafted["answer"]) == (2, "It is here")
    assert drafted["campaign"] in run("campaigns", "list").output
    (row,) = run("wishes", "list", "--state", "planned", "--json").json["wishes"]
    assert row["title"] == "Decaf"
    assert run("wishes", "list", "--search", "oat").output == ""
    assert "It is here" in run("wishes", "show", pk).output
