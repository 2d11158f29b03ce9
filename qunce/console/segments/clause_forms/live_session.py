"""The form of the clause `live_session`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.live_sessions import clauses
from qunce.console.segments import builder_choices
from qunce.console.segments.builder_choices import Choices, Option
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm

STEPS = (
    (clauses.RESERVED, pgettext_lazy("live session", "reserved")),
    (clauses.ATTENDED, pgettext_lazy("live session", "came")),
    (clauses.MISSED, gettext_lazy("reserved and did not come")),
    (clauses.WATCHED, gettext_lazy("watched the replay")),
)


class LiveSessionForm(ClauseForm):
    name = "live_session"
    label = gettext_lazy("Live session")
    icon = "bolt"
    order = 59
    activity = fields.PickField(label=gettext_lazy("Live session"))
    step = forms.ChoiceField(label=gettext_lazy("What they did"), choices=STEPS)

    def set_up(self) -> None:
        self.use_picker("activity", clauses.REFERENCE)

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        return {"activity": [args["activity"]], "step": args["step"]}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        keys = fields.require(cleaned, "activity")
        if len(keys) > 1:
            raise forms.ValidationError({"activity": _("Choose one live session.")})
        return {"activity": keys[0], "step": cleaned["step"]}


@builder_choices.register_finder(clauses.REFERENCE)
def find_live_sessions(choices: Choices, query: str) -> list[Option]:
    named = clauses.list_names(choices.community, choices.by)
    wanted = query.strip().casefold()
    matches = [Option(key, name) for key, name in named if wanted in name.casefold()]
    return matches[::-1][: builder_choices.max_options(query)]


@builder_choices.register_describer(clauses.REFERENCE)
def describe_live_sessions(choices: Choices, keys: Sequence[str]) -> list[Option]:
    """With a name only if the live session is one that the staff member sees."""
    names = dict(clauses.list_names(choices.community, choices.by))
    return [Option(key, names.get(key, key), "", key in names) for key in keys]
