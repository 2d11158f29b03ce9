"""The parts of a group's setup. Each is one object in one file of this folder."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from qunce.outreach.group_templates.parts import base
from qunce.outreach.group_templates.parts.base import Part as Part

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")


def find(key: str) -> Part | None:
    return base.REGISTRY.get(key)


def list_all() -> list[Part]:
    """All parts in the order in which they are shown and applied."""
    return sorted(base.REGISTRY.values(), key=lambda part: (part.rank, part.key))
