from __future__ import annotations

import io

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from tests.cli.runner import Ask


def test_it_makes_an_owner_and_shows_a_random_password_once(
    ask: Ask, shop: Community
) -> None:
    said = ask("createoperator", "boss", "--name", "Boss", "--json").json
    boss = Staff.objects.get(login="boss")
    assert (boss.role, boss.name, boss.community) == ("owner", "Boss", shop)
    assert boss.check_password(said["password"])
    assert boss.password_is_temporary
    other = ask("createoperator", "chef", "--json").json
    assert other["password"] != said["password"]


def test_people_read_it_too(ask: Ask, shop: Community) -> None:
    login, password = ask("createoperator", "boss").said.splitlines()
    assert login == "Login: boss"
    word = password.removeprefix("Password, shown this once: ")
    assert Staff.objects.get(login="boss").check_password(word)


def test_it_takes_a_password_that_is_hard_to_guess(
    ask: Ask, shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("password\n"))
    refused = ask("createoperator", "boss", "--password")
    assert refused.code == 2
    assert "too common" in refused.complained
    assert not Staff.objects.filter(login="boss").exists()
    monkeypatch.setattr("sys.stdin", io.StringIO("quiet harbour at dawn\n"))
    said = ask("createoperator", "boss", "--password")
    assert said.code == 0
    assert "quiet harbour" not in said.said
    boss = Staff.objects.get(login="boss")
    assert boss.check_password("quiet harbour at dawn")
    assert not boss.password_is_temporary


def test_a_login_is_nobody_elses(ask: Ask, shop: Community) -> None:
    ask("createoperator", "boss")
    again = ask("createoperator", "boss")
    assert again.code == 2
    assert "--renew" in again.complained


def test_a_forgotten_password_is_renewed(ask: Ask, shop: Community) -> None:
    before = ask("createoperator", "boss", "--json").json["password"]
    after = ask("createoperator", "boss", "--renew", "--json").json["password"]
    boss = Staff.objects.get(login="boss")
    assert boss.check_password(after)
    assert not boss.check_password(before)
    assert ask("createoperator", "nobody", "--renew").code == 3


def test_only_who_manages_staff_may(ask: Ask, shop: Community) -> None:
    from tests.core.made import AT

    staff_models.create(community=shop, login="vic", role="viewer", at=AT)
    assert ask("createoperator", "boss", "--as", "vic").code == 4
