"""States and transitions as a table, checked again by the UPDATE that changes a state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from qunce.core import errors


class WrongState(errors.Refused):
    """This transition is not possible in the current state."""


@dataclass(frozen=True)
class StateMachine:
    """`transitions` maps a name to the states it starts from and the state it leads to.

    >>> states = StateMachine({"start": (("draft",), "running")})
    """

    transitions: Mapping[str, tuple[tuple[str, ...], str]]

    def may(self, name: str, state: str) -> bool:
        return state in self.transitions[name][0]

    def check(self, name: str, state: str) -> None:
        if not self.may(name, state):
            raise WrongState(
                _(
                    "“%(step)s” is not possible in the state “%(state)s”, only in: %(from)s."
                )
                % {
                    "step": name,
                    "state": state,
                    "from": ", ".join(self.transitions[name][0]),
                }
            )

    def transition(self, row: models.Model, name: str, **changes: Any) -> None:
        """Change the state of `row`, and the fields in `changes`, in the database too.

        Raises WrongState and changes nothing if the stored state does not allow it, for
        example because another process was faster.
        """
        self.check(name, row.state)  # type: ignore[attr-defined]
        origins, target = self.transitions[name]
        values = {**changes, "state": target}
        # The condition is in the UPDATE, because the state may have changed since `row`
        # was read.
        rows = type(row)._default_manager.filter(pk=row.pk, state__in=origins)
        if not rows.update(**values):
            # The message then names the state that another process has set, not the one
            # that was read.
            row.refresh_from_db(fields=["state"])
            self.check(name, row.state)  # type: ignore[attr-defined]
        for field, value in values.items():
            setattr(row, field, value)

    def diagram(self) -> str:
        """The table as a Mermaid state diagram."""
        lines = [
            f"    {origin} --> {target}: {name}"
            for name, (origins, target) in self.transitions.items()
            for origin in origins
        ]
        return "\n".join(["stateDiagram-v2", *lines, ""])
