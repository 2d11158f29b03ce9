"""I5: the page, the API and the command line show the same words; texts only to readers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.groups.groups import Group
from qunce.ingest import record_facts
from qunce.ingest.incoming_facts import IncomingFact
from qunce.insight.words import word_days
from qunce.sets.mirror import deriver
from tests import clients, factories
from tests.cli.runner import in_this_process

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.now(UTC)


@pytest.fixture
def shop() -> Community:
    shop = factories.community(timezone="UTC", language="en", at=NOW - timedelta(60))
    incoming = [
        IncomingFact(
            kind="message.posted",
            happened_at=NOW - timedelta(days=3, seconds=number),
            member=f"m{number % 12}",
            group="north",
            payload={"text": f"=espresso{'' if number else ' <b>13800138000</b>'}"},
        )
        for number in range(15)
    ]
    by = staff_models.system(shop)
    record_facts(community=shop, incoming=incoming, by=by, at=NOW)
    word_days.count_due(at=NOW)
    deriver.catch_up()
    return shop


def test_page_file_and_api_have_the_same_words(shop: Community) -> None:
    group = Group.objects.get(community=shop)
    ann = clients.browser(factories.staff(shop))
    page = ann.get("/insight/words/", {"group": group.pk}).content.decode()
    assert "espresso" in page
    assert "Not enough to say" in page
    file = ann.get("/insight/words/", {"as": "csv"}).content.decode()
    assert "espresso,12,15,0,0" in file
    api = clients.create_client(shop, scopes=["metrics:read"])
    found = api.get(f"/words?group_id={group.pk}").body
    (word,) = [each for each in found["words"] if each["word"] == "espresso"]
    assert (word["people"], word["times"], word["trend"]) == (12, 15, "unsure")
    assert found["speakers"] == 12
    assert ann.get("/insight/words/", {"first": "2999-01-01"}).status_code == 422


def test_settings_are_changed_in_the_console_and_the_api(shop: Community) -> None:
    ann = clients.browser(factories.staff(shop))
    form = {"brands": "* Ours: espresso\nRival", "stop_words": "tea coffee"}
    ann.post("/insight/words/settings/", form)
    ann.post("/insight/words/settings/", {"days": 30})
    api = clients.create_client(shop, scopes=["metrics:read", "metrics:write"])
    stored = api.get("/words/settings").body
    assert stored["stop_words"] == ["tea", "coffee"]
    assert [brand["name"] for brand in stored["brands"]] == ["Ours", "Rival"]
    assert stored["retention_days"] == 30
    changed = api.patch("/words/settings", {"brands": [{"name": "Solo"}]}).body
    assert changed["brands"] == [{"name": "Solo", "words": ["solo"], "is_own": False}]
    twice = {"brands": "A: x\nB: x", "stop_words": ""}
    answer = ann.post("/insight/words/settings/", twice)
    assert answer.status_code == 422
    assert "is a word of both" in answer.content.decode()


def test_texts_are_shown_to_those_who_may_read_them(shop: Community) -> None:
    group = Group.objects.get(community=shop)
    reader = clients.browser(factories.staff(shop, permissions.Role.OPERATOR, "ops"))
    page = reader.get(f"/groups/{group.pk}/").content.decode()
    assert "Latest messages" in page
    assert "=espresso &lt;b&gt;" in page
    viewer = clients.browser(factories.staff(shop, permissions.Role.VIEWER, "vic"))
    page = viewer.get(f"/groups/{group.pk}/").content.decode()
    assert "North" in page or "north" in page
    assert "=espresso" not in page
    api = clients.create_client(shop, scopes=["members:read"])
    texts = api.get(f"/groups/{group.pk}/messages?limit=5").body
    assert [each["text"] for each in texts][1:] == ["=espresso"] * 4


def test_words_on_the_command_line(
    shop: Community, capsys: pytest.CaptureFixture[str]
) -> None:
    run = in_this_process(capsys, "--lang", "en")
    shown = run("words", "show", "--group", "north", "--json").json
    assert [each["people"] for each in shown["words"]] == [12]
    changed = run("words", "settings", "--brand", "*Ours:espresso", "--keep-texts", "9")
    assert "* Ours: espresso" in changed.output
