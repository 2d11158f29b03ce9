"""States as a table: which may follow which, checked again by the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from qunce.core import errors


class WrongState(errors.Refused):
    """The thing has moved on, or was never where this step may start."""


@dataclass(frozen=True)
class StateMachine:
    """`steps` maps a verb to the states it may start from and the one it leads to.

    >>> flow = Flow({"start": (("draft",), "running")})
    """

    steps: Mapping[str, tuple[tuple[str, ...], str]]

    def may(self, step: str, state: str) -> bool:
        return state in self.steps[step][0]

    def check(self, step: str, state: str) -> None:
        if not self.may(step, state):
            raise WrongState(
                _(
                    "“%(step)s” is not possible in the state “%(state)s”, only in: %(from)s."
                )
                % {"step": step, "state": state, "from": ", ".join(self.steps[step][0])}
            )

    def move(self, row: models.Model, step: str, **changes: Any) -> None:
        """Take `step` for one row, by an UPDATE that still requires the old state.

        Of two at once one wins; the other gets WrongState and has changed nothing.
        """
        self.check(step, row.state)  # type: ignore[attr-defined]
        origins, target = self.steps[step]
        values = {**changes, "state": target}
        manager = type(row)._default_manager
        moved = manager.filter(pk=row.pk, state__in=origins).update(**values)
        if not moved:
            row.refresh_from_db(fields=["state"])
            self.check(step, row.state)  # type: ignore[attr-defined]
        for name, value in values.items():
            setattr(row, name, value)

    def diagram(self) -> str:
        """The table as a Mermaid state diagram."""
        lines = [
            f"    {origin} --> {target}: {step}"
            for step, (origins, target) in self.steps.items()
            for origin in origins
        ]
        return "\n".join(["stateDiagram-v2", *lines, ""])
