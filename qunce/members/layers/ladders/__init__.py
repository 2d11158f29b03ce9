"""Ready-made layerings, one module for each; importing the package registers all."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.members.layers.ladders import base
from qunce.members.layers.ladders.base import Ladder

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    import_module(_module.name)


class LadderNotFound(errors.NotFound):
    """There is no such ready-made layering."""


def list_all() -> list[Ladder]:
    return sorted(base.LADDERS.values(), key=lambda ladder: ladder.order)


def find(key: str) -> Ladder | None:
    return base.LADDERS.get(key)


def get(key: str) -> Ladder:
    ladder = find(key)
    if ladder is None:
        raise LadderNotFound(_("There is no such ready-made layering."))
    return ladder
