"""How the sweep calls each verb: its arguments besides `community`, `by` and `at`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.access.world import World

Case = Callable[[World], dict[str, Any]]
CASES: dict[str, Case] = {}
EVERYONE: dict[str, Any] = {"all": []}


def one(*names: str, **others: Any) -> Case:
    """The objects of these names (`parameter=object` where they differ), and values."""

    def arguments(world: World) -> dict[str, Any]:
        pairs = (name.partition("=")[::2] for name in names)
        return {
            parameter: world.get(source or parameter) for parameter, source in pairs
        } | others

    return arguments


def ids(name: str, key: str = "account", **others: Any) -> Case:
    """The id of an object, in a list if the parameter is plural."""

    def arguments(world: World) -> dict[str, Any]:
        pk = world.ids[key]
        return {name: [pk] if name.endswith("s") else pk} | others

    return arguments


def using(arguments: Case) -> Case:
    return arguments


def both(*cases: Case) -> Case:
    return lambda world: {k: v for case in cases for k, v in case(world).items()}


def after(verb: Callable[..., Any], before: Case, then: Case | None = None) -> Case:
    """Let an owner do something first, on which the verb depends."""

    def arguments(world: World) -> dict[str, Any]:
        verb(**before(world), by=world.owner, at=world.at)
        return (then or before)(world)

    return arguments


def just(**values: Any) -> Case:
    return lambda world: values


def case(area: str, **cases: Case) -> None:
    for name, arguments in cases.items():
        CASES[f"{area}.{name}"] = arguments


SOON = timedelta(days=1)
LEVELS = ((1, "Low"),)
