"""All modules of qunce, so that everything which registers itself has done so."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import qunce

PROGRAMS = ("__main__", "urls")
"""Modules that do something when imported, or need a running site."""


def import_all() -> list[ModuleType]:
    return [importlib.import_module(name) for name in _names()]


def _names() -> Iterator[str]:
    for found in pkgutil.walk_packages(qunce.__path__, "qunce."):
        parts = found.name.split(".")
        if "migrations" not in parts and parts[-1] not in PROGRAMS:
            yield found.name
