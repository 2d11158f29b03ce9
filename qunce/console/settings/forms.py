"""Forms of the settings: account, API keys, units and staff."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.console.login.forms import password_field
from qunce.console.settings import labels
from qunce.core import permissions
from qunce.core.staff import api_keys, roles, staff, units
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
        choices=lambda: [(s, labels.scope_label(s)) for s in sorted(api_keys.SCOPES)],
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, by: Staff, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        active = [
            staff_member
            for staff_member in staff.list_all(by.community)
            if staff_member.is_active
        ]
        field = self.fields["staff"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = [
            (staff_member.pk, f"{staff_member.name} ({staff_member.login})")
            for staff_member in active
            if permissions.may_manage_staff(by, staff_member)
        ]


class RoleForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=roles.MAX_NAME_LENGTH)
    permissions = forms.MultipleChoiceField(
        label=gettext_lazy("Permissions"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, by: Staff, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["permissions"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = [
            (name, name) for name in sorted(permissions.permissions_of(by))
        ]

    def to_arguments(self) -> dict[str, Any]:
        """Return the arguments of `roles.create` and `roles.update`."""
        values = self.cleaned_data
        return {"name": values["name"], "chosen": values["permissions"]}


ALL, SEGMENT, RULE, SELECTED = "all", "segment", "rule", "selected"
MAX_RULE_LENGTH = 20_000


class LinkAccountForm(forms.Form):
    login = forms.CharField(
        label=gettext_lazy("Login of the other account"),
        max_length=staff.MAX_LENGTH,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )
    other_password = password_field(
        gettext_lazy("Password of the other account"), "off"
    )
    password = password_field(gettext_lazy("Your current password"), "current-password")


class ScopeForm(forms.Form):
    """What somebody sees: all members, those of a segment, or of a rule that is built."""

    visible_members = forms.ChoiceField(
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
        max_length=MAX_RULE_LENGTH, required=False, widget=forms.HiddenInput
    )
    """The rule of the rule builder, which is part of the page's form."""

    def __init__(self, by: Staff, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self._choose(
            "segment",
            [
                ("", "–"),
                *(
                    (segment.key, segment.name)
                    for segment in segments.list_active(by.community)
                ),
            ],
        )

    def _choose(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        try:
            values["scope"] = self._scope(values)
        except RuleError as error:
            # The path is for programs.
            self.add_error("visible_members", error.message)
        return values

    def _scope(self, values: dict[str, Any]) -> Any:
        """Return the scope's rule.

        A segment's rule is copied, so that editing the segment cannot widen the scope.
        """
        community, choice = self.by.community, values.get("visible_members")
        if choice == SEGMENT:
            if not values.get("segment"):
                self.add_error("segment", _("Choose a segment."))
                return None
            return scope_rules.expand_segments(
                community, {"segment": {"any": [values["segment"]]}}
            )
        if choice == RULE:
            return scope_rules.expand_segments(
                community, tree.parse_json(values.get("rule") or "")
            )
        return None


class UnitForm(ScopeForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=units.MAX_NAME_LENGTH)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=units.UnitKind.choices)
    parent = forms.ChoiceField(label=gettext_lazy("Parent unit"), required=False)
    visible_groups = forms.MultipleChoiceField(
        label=gettext_lazy("Visible groups"),
        required=False,
        help_text=gettext_lazy("None chosen: all groups."),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, by: Staff, unit: Unit | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(by, *args, **kwargs)
        self.fields["visible_members"].required = False
        self._choose(
            "visible_groups",
            [(group.key, group.name) for group in visibility.list_visible(by)],
        )
        others = [
            (other.pk, f"{'　' * depth}{other.name}")
            for depth, other in units.list_tree(by.community)
            if other != unit and other.closed_at is None
        ]
        self._choose("parent", [("", _("none (top level)")), *others])

    def to_arguments(self) -> dict[str, Any]:
        values = self.cleaned_data
        parent_id = values["parent"]
        parent = units.get(self.by.community, int(parent_id)) if parent_id else None
        return {
            "name": values["name"],
            "kind": values["kind"],
            "parent": parent,
            "scope": values["scope"],
            "groups": values["visible_groups"] or None,
        }


def unit_values(unit: Unit | None, parent: str = "") -> dict[str, Any]:
    """Return the initial values of the form of a unit, or of a new one."""
    if unit is None:
        return {
            "kind": units.UnitKind.LOCAL,
            "parent": parent,
            "visible_members": ALL,
        }
    return {
        "name": unit.name,
        "kind": unit.kind,
        "parent": unit.parent_id or "",
        "visible_members": ALL if unit.scope is None else RULE,
        "visible_groups": unit.groups or [],
    }


class StaffForm(ScopeForm):
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
    visible_groups = forms.ChoiceField(
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

    def __init__(self, by: Staff, *args: Any, **kwargs: Any) -> None:
        super().__init__(by, *args, **kwargs)
        community = by.community
        open_units = [
            (depth, unit)
            for depth, unit in units.list_tree(community)
            if unit.closed_at is None
        ]
        self._choose("role", list_role_choices(by))
        self._choose(
            "unit",
            [
                ("", "–"),
                *(
                    (unit.pk, f"{'　' * depth}{unit.name}")
                    for depth, unit in open_units
                ),
            ],
        )
        self._choose(
            "groups", [(group.key, group.name) for group in visibility.list_visible(by)]
        )

    def to_arguments(self) -> dict[str, Any]:
        """Return the arguments of `staff.add` and `staff.update`."""
        values = self.cleaned_data
        unit_id = values["unit"]
        is_selected = values["visible_groups"] == SELECTED
        return {
            "name": values["name"].strip(),
            "login": values["login"].strip(),
            "email": values["email"],
            **role_arguments(self.by, values["role"]),
            "unit": units.get(self.by.community, int(unit_id)) if unit_id else None,
            "scope": values["scope"],
            "groups": sorted(values["groups"]) if is_selected else None,
        }


CUSTOM = "custom:"
"""Before the id of a role that the community has made itself."""


def list_role_choices(by: Staff) -> list[tuple[str, str]]:
    """Return the roles that `by` may give."""
    built_in = [
        (role.value, str(role.label))
        for role in permissions.Role
        if permissions.may_give(by, role)
    ]
    own = [
        (f"{CUSTOM}{role.pk}", role.name)
        for role in roles.list_all(by.community)
        if permissions.may_give(by, permissions.Role(role.base), role.permissions)
    ]
    return built_in + own


def role_arguments(by: Staff, chosen: str) -> dict[str, Any]:
    if not chosen.startswith(CUSTOM):
        return {"role": chosen, "custom_role": None}
    role = roles.get(by, int(chosen.removeprefix(CUSTOM)))
    return {"role": role.base, "custom_role": role}


def initial_values(staff_member: Staff | None) -> dict[str, Any]:
    """Return the form's initial values."""
    if staff_member is None:
        return {"role": "operator", "visible_members": ALL, "visible_groups": ALL}
    has_scope = staff_member.own_scope is not None
    custom = staff_member.custom_role_id
    return {
        "name": staff_member.name,
        "login": staff_member.login,
        "email": staff_member.email,
        "role": f"{CUSTOM}{custom}" if custom else staff_member.role,
        "unit": staff_member.unit_id or "",
        "visible_members": RULE if has_scope else ALL,
        "visible_groups": ALL if staff_member.own_groups is None else SELECTED,
        "groups": staff_member.own_groups or [],
    }
