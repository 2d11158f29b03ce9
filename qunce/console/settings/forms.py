from __future__ import annotations

import json
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff import api_keys, staff, units
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.core.staff.units import Unit
from qunce.groups import visibility
from qunce.members.people import scope_rules
from qunce.members.segments import segments
from qunce.sets.rules import tree
from qunce.sets.rules.base import RuleError


class AccountForm(forms.Form):
    name = forms.CharField(
        label=pgettext_lazy("person", "Name"), max_length=staff.MAX_LENGTH
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=settings.LANGUAGES
    )
    theme = forms.ChoiceField(
        label=gettext_lazy("Appearance"), choices=staff_models.Theme.choices
    )


EXPIRY_DAYS = (
    (30, gettext_lazy("30 days")),
    (90, gettext_lazy("90 days")),
    (365, gettext_lazy("365 days")),
    (0, gettext_lazy("until it is revoked")),
)


class ApiKeyForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=api_keys.MAX_NAME_LENGTH,
        help_text=gettext_lazy(
            "The program that uses the key, such as “till” or “CRM”."
        ),
    )
    staff = forms.ChoiceField(
        label=gettext_lazy("Acts as"),
        help_text=gettext_lazy("The key can see and do what this staff member can."),
    )
    days = forms.ChoiceField(label=gettext_lazy("Valid for"), choices=EXPIRY_DAYS)
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"),
        choices=[(scope, scope) for scope in sorted(api_keys.SCOPES)],
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, by: Staff, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.by = by
        found = [each for each in staff.list_all(by.community) if each.is_active]
        whom = self.fields["staff"]
        assert isinstance(whom, forms.ChoiceField)  # noqa: S101 - for the type checker
        whom.choices = [
            (each.pk, f"{each.name} ({each.login})")
            for each in found
            if permissions.may_manage_staff(by, each)
        ]


class UnitForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=units.MAX_NAME_LENGTH)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=units.UnitKind.choices)
    parent = forms.ChoiceField(label=gettext_lazy("Parent unit"), required=False)

    def __init__(
        self, community: Community, unit: Unit | None, *args: Any, **given: Any
    ) -> None:
        super().__init__(*args, **given)
        self.community = community
        others = [
            (each.pk, f"{'　' * depth}{each.name}")
            for depth, each in units.list_tree(community)
            if each != unit and each.closed_at is None
        ]
        parent = self.fields["parent"]
        assert isinstance(parent, forms.ChoiceField)  # noqa: S101 - for the type checker
        parent.choices = [("", _("none (top level)")), *others]

    def about(self) -> dict[str, Any]:
        given = self.cleaned_data
        above = given["parent"]
        return {
            "name": given["name"],
            "kind": given["kind"],
            "parent": units.get(self.community, int(above)) if above else None,
        }


ALL, SEGMENT, RULE, SELECTED = "whole", "segment", "rule", "some"
MAX_RULE_LENGTH = 20_000


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
            (ALL, gettext_lazy("all members")),
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
        max_length=MAX_RULE_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )
    in_groups = forms.ChoiceField(
        label=gettext_lazy("Visible groups"),
        choices=(
            (ALL, gettext_lazy("all groups")),
            (SELECTED, gettext_lazy("only these")),
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
        some = given["in_groups"] == SELECTED
        return {
            "name": given["name"].strip(),
            "login": given["login"].strip(),
            "email": given["email"],
            "role": given["role"],
            "unit": units.get(self.by.community, int(pk)) if pk else None,
            "scope": given["scope"],
            "groups": sorted(given["groups"]) if some else None,
        }


def initial_values(whom: Staff | None) -> dict[str, Any]:
    """What stands in the form at first."""
    if whom is None:
        return {"role": "operator", "sees": ALL, "in_groups": ALL}
    scoped = whom.scope is not None
    return {
        "name": whom.name,
        "login": whom.login,
        "email": whom.email,
        "role": whom.role,
        "unit": whom.unit_id or "",
        "sees": RULE if scoped else ALL,
        "rule": json.dumps(whom.scope, ensure_ascii=False, indent=1) if scoped else "",
        "in_groups": ALL if whom.groups is None else SELECTED,
        "groups": whom.groups or [],
    }
