"""Who somebody is, what they may do, and what part of the community they see."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import permissions
from qunce.core.staff import staff, units
from qunce.core.staff.models import Staff
from qunce.groups import visibility
from qunce.members.people import scope_rules
from qunce.members.segments import segments
from qunce.sets.rules import tree
from qunce.sets.rules.base import RuleError

WHOLE, SEGMENT, RULE, SOME = "whole", "segment", "rule", "some"
MOST_RULE = 20_000


class StaffForm(forms.Form):
    name = forms.CharField(
        label=pgettext_lazy("person", "Name"), max_length=staff.MAX_LENGTH
    )
    login = forms.CharField(
        label=gettext_lazy("Login"),
        max_length=staff.MAX_LENGTH,
        help_text=gettext_lazy("Used to sign in. At least 2 characters, no spaces."),
    )
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    role = forms.ChoiceField(label=gettext_lazy("Role"))
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), required=False)
    sees = forms.ChoiceField(
        label=gettext_lazy("Visible members"),
        choices=(
            (WHOLE, gettext_lazy("all members")),
            (
                SEGMENT,
                gettext_lazy("members of a segment, using a copy of its current rule"),
            ),
            (RULE, gettext_lazy("members who match a rule")),
        ),
        widget=forms.RadioSelect,
    )
    segment = forms.ChoiceField(label=gettext_lazy("Segment"), required=False)
    rule = forms.CharField(
        label=gettext_lazy("Rule as JSON"),
        max_length=MOST_RULE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )
    in_groups = forms.ChoiceField(
        label=gettext_lazy("Visible groups"),
        choices=(
            (WHOLE, gettext_lazy("all groups")),
            (SOME, gettext_lazy("only these")),
        ),
        widget=forms.RadioSelect,
    )
    groups = forms.MultipleChoiceField(
        label=gettext_lazy("Groups"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, by: Staff, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.by = by
        shop = by.community
        top = permissions.RANK[permissions.Role(by.role)]
        roles = [role for role in permissions.Role if permissions.RANK[role] <= top]
        open_units = [(d, u) for d, u in units.list_tree(shop) if u.closed_at is None]
        self._choose("role", [(role.value, role.label) for role in roles])
        self._choose(
            "unit",
            [("", "–"), *((u.pk, f"{'　' * d}{u.name}") for d, u in open_units)],
        )
        self._choose(
            "segment",
            [
                ("", "–"),
                *((each.key, each.name) for each in segments.list_active(shop)),
            ],
        )
        self._choose("groups", [(g.key, g.name) for g in visibility.list_visible(by)])

    def _choose(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        try:
            given["scope"] = self._scope(given)
        except RuleError as error:
            self.add_error("rule", str(error))
        return given

    def _scope(self, given: dict[str, Any]) -> Any:
        """The rule that is kept: a segment's is written out, so it cannot grow."""
        shop, sees = self.by.community, given.get("sees")
        if sees == SEGMENT:
            if not given.get("segment"):
                self.add_error("segment", _("Choose a segment."))
                return None
            return scope_rules.expand_segments(
                shop, {"segment": {"any": [given["segment"]]}}
            )
        if sees == RULE:
            return scope_rules.expand_segments(
                shop, tree.parse_json(given.get("rule") or "")
            )
        return None

    def about(self) -> dict[str, Any]:
        """What the verbs of staff take."""
        given = self.cleaned_data
        pk = given["unit"]
        some = given["in_groups"] == SOME
        return {
            "name": given["name"].strip(),
            "login": given["login"].strip(),
            "email": given["email"],
            "role": given["role"],
            "unit": units.get(self.by.community, int(pk)) if pk else None,
            "scope": given["scope"],
            "groups": sorted(given["groups"]) if some else None,
        }


def start(whom: Staff | None) -> dict[str, Any]:
    """What stands in the form at first."""
    if whom is None:
        return {"role": "operator", "sees": WHOLE, "in_groups": WHOLE}
    scoped = whom.scope is not None
    return {
        "name": whom.name,
        "login": whom.login,
        "email": whom.email,
        "role": whom.role,
        "unit": whom.unit_id or "",
        "sees": RULE if scoped else WHOLE,
        "rule": json.dumps(whom.scope, ensure_ascii=False, indent=1) if scoped else "",
        "in_groups": WHOLE if whom.groups is None else SOME,
        "groups": whom.groups or [],
    }
