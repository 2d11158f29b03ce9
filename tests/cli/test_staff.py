from __future__ import annotations

import io

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff import linked_accounts
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups import visibility as group_visibility
from tests import factories
from tests.cli.runner import Run

VIP = '{"tag": {"any": ["vip"]}}'


def test_first_account_is_an_owner_with_a_random_password(
    run: Run, shop: Community
) -> None:
    answer = run("staff", "add", "boss", "--name", "Boss", "--json").json
    boss = Staff.objects.get(login="boss")
    assert (boss.role, boss.name, boss.community) == ("owner", "Boss", shop)
    assert answer["role"] == "owner"
    assert boss.check_password(answer["password"])
    assert boss.password_is_temporary
    other = run("staff", "add", "chef", "--json").json
    assert other["password"] != answer["password"]
    assert Staff.objects.get(login="chef").role == "operator"


def test_password_is_shown_to_people(run: Run, shop: Community) -> None:
    login, password = run("staff", "add", "boss").output.splitlines()
    assert login == "Login: boss"
    word = password.removeprefix("Password (shown only once): ")
    assert Staff.objects.get(login="boss").check_password(word)


def test_chosen_password_must_be_hard_to_guess(
    run: Run, shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("password\n"))
    refused = run("staff", "add", "boss", "--password")
    assert refused.code == 2
    assert "too common" in refused.errors
    assert not Staff.objects.filter(login="boss").exists()
    monkeypatch.setattr("sys.stdin", io.StringIO("quiet harbour at dawn\n"))
    added = run("staff", "add", "boss", "--password")
    assert added.code == 0
    assert "quiet harbour" not in added.output
    boss = Staff.objects.get(login="boss")
    assert boss.check_password("quiet harbour at dawn")
    assert not boss.password_is_temporary


def test_login_is_unique(run: Run, shop: Community) -> None:
    assert run("staff", "add", "boss").code == 0
    again = run("staff", "add", "boss")
    assert again.code == 2
    assert "--renew" in again.errors


def test_forgotten_password_is_renewed(run: Run, shop: Community) -> None:
    before = run("staff", "add", "boss", "--json").json["password"]
    after = run("staff", "add", "boss", "--renew", "--json").json["password"]
    boss = Staff.objects.get(login="boss")
    assert boss.check_password(after)
    assert not boss.check_password(before)
    assert run("staff", "add", "nobody", "--renew").code == 3
    # A role next to --renew would be ignored, so it is refused.
    assert run("staff", "add", "boss", "--renew", "--role", "viewer").code == 2


def test_accounts_are_listed_with_role_and_scope(run: Run, shop: Community) -> None:
    run("staff", "add", "boss")
    run("staff", "add", "lin", "--role", "viewer", "--scope", VIP, "--groups", "room")
    boss, lin = run("staff", "list", "--json").json["staff"]
    assert (boss["login"], boss["role"], boss["scope"]) == ("boss", "owner", None)
    assert (lin["role"], lin["scope"]) == ("viewer", {"tag": {"any": ["vip"]}})
    assert lin["groups"] == ["room"]


def test_new_account_sees_only_its_scope(run: Run, shop: Community) -> None:
    run("staff", "add", "boss")
    run("staff", "add", "lin", "--scope", VIP)
    everyone = ("audience", "count", '{"all": []}')
    assert run(*everyone).output == "4\n"
    assert run(*everyone, "--as", "lin").output == "2\n"


def test_account_is_changed(run: Run, shop: Community) -> None:
    run("staff", "add", "boss")
    run("staff", "add", "lin", "--scope", VIP, "--groups", "none")
    edited = run(
        *("staff", "edit", "lin", "--role", "manager", "--all-members"),
        *("--groups", "room", "--new-login", "linda"),
    )
    assert edited.code == 0, edited.errors
    linda = Staff.objects.get(login="linda")
    assert (linda.role, linda.scope) == ("manager", None)
    assert [group.key for group in group_visibility.list_visible(linda)] == ["room"]
    with pytest.raises(permissions.ScopeTooNarrow):
        groups.create(community=shop, key="hall", by=linda, at=factories.AT)
    boss = Staff.objects.get(login="boss")
    groups.create(community=shop, key="hall", by=boss, at=factories.AT)
    assert group_visibility.list_visible(linda).count() == 1
    run("staff", "edit", "linda", "--all-groups")
    linda.refresh_from_db()
    assert group_visibility.list_visible(linda).count() == 2


def test_account_is_deactivated_and_reactivated(run: Run, shop: Community) -> None:
    run("staff", "add", "boss")
    run("staff", "add", "lin")
    assert run("staff", "deactivate", "lin").code == 0
    assert not Staff.objects.get(login="lin").is_active
    assert run("staff", "reactivate", "lin").code == 0
    assert Staff.objects.get(login="lin").is_active
    last_owner = run("staff", "deactivate", "boss")
    assert last_owner.code == 4
    assert Staff.objects.get(login="boss").is_active


def test_system_user_cannot_be_listed_or_changed(run: Run, shop: Community) -> None:
    run("status")
    assert Staff.objects.filter(login="system@shop").exists()
    assert run("staff", "list", "--json").json == {"staff": []}
    assert run("staff", "deactivate", "system@shop").code == 3
    assert run("staff", "edit", "system@shop", "--role", "viewer").code == 3


@pytest.mark.parametrize(
    "words",
    [("add", "boss"), ("list",), ("edit", "ann", "--name", "A"), ("deactivate", "ann")],
)
def test_only_staff_who_manage_staff_may(
    run: Run, shop: Community, words: tuple[str, ...]
) -> None:
    factories.staff(shop, login="ann", role="owner")
    factories.staff(shop, login="vic", role="viewer")
    assert run("staff", *words, "--as", "vic").code == 4
    assert not Staff.objects.filter(login="boss").exists()
    assert Staff.objects.get(login="ann").is_active


def test_accounts_in_two_communities_are_linked_and_parted(
    run: Run, shop: Community
) -> None:
    ann = factories.staff(shop, login="ann")
    cafe = factories.staff(factories.community("cafe"), login="ann-cafe")
    given = ["--community", shop.key]
    assert run("staff", "link", "ann", "ann-cafe", *given).code == 0
    ann.refresh_from_db()
    assert linked_accounts.list_others(ann) == [cafe]
    assert run("staff", "unlink", "ann", *given, "--as", "ann").code == 0
    ann.refresh_from_db()
    assert linked_accounts.list_others(ann) == []
    refused = run("staff", "link", "ann", "ann-cafe", *given, "--as", "ann")
    assert refused.code == 3
    assert "There is no account" in refused.errors
