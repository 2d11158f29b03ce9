"""Every verb, run for real by everybody who should not get far with it.

A verb is a public function that takes `by`. A new one needs a case, how it is called, and
a place in the table, what it answers to whom.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from qunce.core import errors, permissions
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Group
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import visibility
from tests.access import answers
from tests.access import world as worlds
from tests.access.cases import CASES
from tests.access.internal import INTERNAL
from tests.access.world import World

AREAS = (
    "core channels sets members groups insight outreach sales importing ingest sidebar"
    " activities"
)
GUARDS = ("check", "may_")
"""Beginnings of names of functions that are guards themselves."""


def list_verbs() -> dict[str, Callable[..., Any]]:
    return {
        f"{module.__name__.removeprefix('qunce.')}.{name}": function
        for area in AREAS.split()
        for module in _walk(importlib.import_module(f"qunce.{area}"))
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith(("_", *GUARDS))
        and "by" in inspect.signature(function).parameters
    }


def _walk(module: ModuleType) -> Iterator[ModuleType]:
    yield module
    for found in pkgutil.walk_packages(
        getattr(module, "__path__", ()), f"{module.__name__}."
    ):
        if ".migrations" not in found.name:
            yield importlib.import_module(found.name)


VERBS = list_verbs()


@pytest.fixture
def world() -> World:
    return worlds.build()


def run(world: World, verb: str, role: str) -> str:
    """Call the verb as `role`; returns a letter of `table`."""
    function = VERBS[verb]
    world.ids = world.seen if role == "within" else world.hidden
    by = world.staff_by_role["scoped" if role == "within" else role]
    given = {"community": world.community, "by": by, "at": world.at}
    taken = inspect.signature(function).parameters
    arguments = CASES[verb](world) | {k: v for k, v in given.items() if k in taken}
    try:
        answer = function(**arguments)
        # A generator guards when it is read.
        if inspect.isgenerator(answer):
            list(answer)
    except (errors.NotFound, permissions.NotAllowed) as error:
        return "n" if isinstance(error, errors.NotFound) else "r"
    except errors.QunceError:
        return "x"
    return "a"


def test_every_verb_is_in_the_table() -> None:
    in_table = {verb for verb, _letters in answers.list_all()}
    assert set(VERBS) == in_table | set(INTERNAL)
    assert set(CASES) == in_table


@pytest.mark.django_db
def test_verbs_answer_each_role_as_the_table_says(world: World) -> None:
    expected = dict(answers.list_all())
    found = {}
    for verb in expected:
        letters = ""
        for role in answers.ROLES:
            with worlds.rolled_back():
                letters += run(world, verb, role)
        found[verb] = letters
    wrong = {v: f"{found[v]}, not {e}" for v, e in expected.items() if found[v] != e}
    assert wrong == {}


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["within", "limited"])
def test_nobody_widens_what_they_see(world: World, role: str) -> None:
    """Whatever a manager with a scope does, they see no more members or groups."""
    by = world.staff_by_role["scoped" if role == "within" else role]

    def seen() -> tuple[set[int], set[int]]:
        by.refresh_from_db()
        people = visibility.visible_people(by=by, at=world.at)
        # Of these people, as a merge that is undone makes two of one.
        accounts = account_queries.accounts_by_person(people).values()
        groups = group_visibility.list_visible(by).values_list("pk", flat=True)
        return {account for ids in accounts for account in ids}, set(groups)

    wider = {}
    accounts, groups = seen()
    last, last_group = Account.objects.latest("pk").pk, Group.objects.latest("pk").pk
    for verb in CASES:
        with worlds.rolled_back():
            run(world, verb, role)
            more_accounts, more_groups = seen()
            more = {pk for pk in more_accounts - accounts if pk <= last}
            more_groups = {pk for pk in more_groups - groups if pk <= last_group}
            if more or more_groups:
                wider[verb] = more, more_groups
    assert wider == {}
    assert accounts
    assert groups
