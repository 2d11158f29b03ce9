"""Imports all modules of qunce, so that every declaration is registered."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import qunce

EXCLUDED = ("__main__", "urls")
"""Modules that run a program when they are imported, or need all others."""


def import_all() -> list[ModuleType]:
    return [importlib.import_module(name) for name in _list_names()]


def _list_names() -> Iterator[str]:
    for module in pkgutil.walk_packages(qunce.__path__, "qunce."):
        parts = module.name.split(".")
        if "migrations" not in parts and parts[-1] not in EXCLUDED:
            yield module.name
