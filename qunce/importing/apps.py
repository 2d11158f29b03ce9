from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, cast

from django.apps import AppConfig

if TYPE_CHECKING:
    from qunce.importing import registry

TARGETS = {
    "members": "MemberTarget",
    "memberships": "MembershipTarget",
    "tags": "TagTarget",
    "orders": "OrderTarget",
    "facts": "FactTarget",
}


class ImportingConfig(AppConfig):
    name = "qunce.importing"
    label = "importing"

    def ready(self) -> None:
        from qunce.importing import registry

        for key in TARGETS:
            registry.register(key, partial(_target, key))


def _target(key: str) -> registry.Target:
    """Load the target's module, and with it what reads files, on first use."""
    module = import_module(f"qunce.importing.targets.{key}")
    return cast("registry.Target", getattr(module, TARGETS[key])())
