"""The form of the clause `tag`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments import builder_choices
from qunce.console.segments.builder_choices import Choices, Option
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.members.tags import tag_search


class TagForm(ClauseForm, fields.WindowForm):
    name = "tag"
    label = gettext_lazy("Tag")
    icon = "tag"
    order = 10
    first_field = "tags"
    folded_fields = ("when", "span", "day", "until")
    how = forms.ChoiceField(
        label=gettext_lazy("Has"),
        choices=[*fields.QUANTIFIERS, ("untagged", gettext_lazy("no tag"))],
    )
    tags = fields.PickField(label=gettext_lazy("Tags"), required=False)
    group = forms.ChoiceField(label=gettext_lazy("Tag group"), required=False)
    sign = forms.ChoiceField(
        label=gettext_lazy("Tag depth"),
        choices=[("", gettext_lazy("any depth")), *fields.COMPARISONS],
        required=False,
    )
    number = forms.IntegerField(label=gettext_lazy("Times"), required=False)
    maximum = forms.IntegerField(label=gettext_lazy("Maximum"), required=False)
    field_order = ("how", "tags", "group", "sign", "number", "maximum", "when")

    def set_up(self) -> None:
        self.fields["when"].label = _("Got the tag")
        self.fields["when"].required = False
        self.use_picker("tags", "tag")
        everything = ("", _("all tag groups"))
        self.set_choices("group", [everything, *self.choices.tag_groups])

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        if "untagged" in args:
            group = "" if args["untagged"] is True else args["untagged"]
            return {"how": "untagged", "group": group, "when": "ever"}
        how = next(name for name, _label in fields.QUANTIFIERS if name in args)
        depth = fields.comparison_to_fields(args["depth"]) if "depth" in args else {}
        given = fields.window_to_fields(args.get("given", {}))
        return {"how": how, "tags": args[how], **depth, **given}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        if cleaned["how"] == "untagged":
            return {"untagged": cleaned["group"] or True}
        args = {cleaned["how"]: fields.require(cleaned, "tags")}
        if cleaned["sign"]:
            args["depth"] = fields.comparison_from_fields(cleaned)
        given = fields.window_from_fields(cleaned)
        return args | ({"given": given} if given else {})


@builder_choices.register_finder("tag")
def find_tags(choices: Choices, query: str) -> list[Option]:
    limit = builder_choices.max_options(query)
    tags = tag_search.find(
        choices.community, query, limit=limit, with_automatic=True, with_groups=True
    )
    return [
        Option(tag.key, tag.name, tag.group.name if tag.group else "") for tag in tags
    ]
