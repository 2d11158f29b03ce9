"""The kinds of staff tasks. Each is one object in one file of this folder."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.outreach.tasks.kinds import base
from qunce.outreach.tasks.kinds.base import Kind as Kind

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")


class UnknownKind(errors.Invalid):
    """There is no such kind of staff task."""


def get(key: str) -> Kind:
    if key not in base.REGISTRY:
        raise UnknownKind(_("Choose a kind of task."))
    return base.REGISTRY[key]


def list_all() -> list[Kind]:
    return [base.REGISTRY[key] for key in sorted(base.REGISTRY)]


def list_requestable() -> list[Kind]:
    """The kinds of which staff can ask for tasks."""
    return [
        kind for kind in list_all() if kind.is_requestable and not kind.is_automatic
    ]
