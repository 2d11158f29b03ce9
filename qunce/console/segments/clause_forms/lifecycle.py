"""The forms of the clauses `joined`, `left` and `source`."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from qunce.console.segments import builder_choices
from qunce.console.segments.builder_choices import Choices, Option
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.core.facts import interned_names
from qunce.members.accounts import channel_labels


class _TimedForm(ClauseForm, fields.WindowForm):
    """The form of a clause that is only a time window."""

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        return fields.window_to_fields(args)

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        return fields.window_from_fields(cleaned)


class JoinedForm(_TimedForm):
    name = "joined"
    label = gettext_lazy("Joined")
    icon = "arrow-right-end-on-rectangle"
    order = 70


class LeftForm(_TimedForm):
    name = "left"
    label = gettext_lazy("Left")
    icon = "arrow-left-start-on-rectangle"
    order = 120
    hint = gettext_lazy(
        "Rules leave out former members by default. To include them, choose "
        "“Including former members” for this line."
    )


class SourceForm(ClauseForm):
    name = "source"
    label = gettext_lazy("Source")
    icon = "qr-code"
    order = 80
    sources = fields.PickField(label=gettext_lazy("Sources"), required=False)

    def set_up(self) -> None:
        self.use_picker("sources", "source")

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        return {"sources": args["any"]}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        return {"any": fields.require(cleaned, "sources")}


@builder_choices.register_finder("source")
def find_sources(choices: Choices, query: str) -> list[Option]:
    names = interned_names.names_by_id("source", choices.community.pk).values()
    folded = query.strip().casefold()
    options = [Option(name, channel_labels.label_of(name)) for name in sorted(names)]
    found = [each for each in options if folded in each.label.casefold()]
    return found[: builder_choices.max_options(query)]
