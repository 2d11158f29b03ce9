"""Forms of tags and tag groups."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from qunce.core import permissions
from qunce.core.facts import facts
from qunce.core.staff import staff
from qunce.core.staff.models import Staff
from qunce.members.tags import deepening, library
from qunce.members.tags import levels as tag_levels
from qunce.members.tags import models as tag_models
from qunce.members.tags import naming as tag_naming
from qunce.members.tags.models import Tag, TagGroup

AT_MOST_ONE, SEVERAL = "one", "several"


class TagForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=tag_naming.MAX_LENGTH)
    group = forms.ModelChoiceField(
        label=_("Tag group"),
        queryset=TagGroup.objects.none(),
        required=False,
        empty_label=_("no group"),
    )
    description = forms.CharField(
        label=_("Meaning"),
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("When to apply this tag, so that all staff use it the same way."),
    )
    levels = forms.CharField(
        label=_("Levels"),
        required=False,
        max_length=1_000,
        help_text=_(
            "Words for how often a member got the tag, such as “1 newcomer, 3 regular, "
            "10 loyal”."
        ),
    )
    deepened_by = forms.MultipleChoiceField(
        label=_("Deepened by"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Each of these adds 1 to the depth from now on; members without the tag "
            "get it."
        ),
    )
    owner = forms.ModelChoiceField(
        label=_("Owner"),
        queryset=Staff.objects.none(),
        required=False,
        empty_label=_("nobody"),
        help_text=_("The person to ask when it is unclear whether the tag applies."),
    )

    def __init__(
        self, by: Staff, data: Any = None, *, tag: Tag | None = None, **initial: Any
    ) -> None:
        if tag is not None:
            initial = {
                "name": tag.name,
                "group": tag.group_id,
                "description": tag.description,
                "levels": tag_levels.to_text(tag.levels),
                "deepened_by": list(tag.deepened_by),
                "owner": tag.owner_id,
            }
        super().__init__(data, initial=initial)
        fields: Any = self.fields
        groups = TagGroup.objects.filter(community=by.community).order_by("name")
        allowed = [group.pk for group in groups if library.may_create(group, by)]
        if tag is not None and tag.group_id is not None:
            allowed.append(tag.group_id)
        fields["group"].queryset = groups.filter(pk__in=allowed)
        chosen = {
            kind: facts.label_of(kind) for kind in (tag.deepened_by if tag else ())
        }
        kinds = chosen | dict(deepening.list_kinds(by.community))
        fields["deepened_by"].choices = sorted(kinds.items(), key=lambda kind: kind[1])
        fields["owner"].queryset = staff.list_all(by.community).filter(is_active=True)

    def clean_levels(self) -> list[tag_levels.Level]:
        try:
            return tag_levels.parse(self.cleaned_data["levels"])
        except tag_levels.InvalidLevels as error:
            raise forms.ValidationError(str(error)) from None


class GroupForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    tags_per_member = forms.ChoiceField(
        label=_("How many tags of this group can a member have?"),
        choices=[
            (SEVERAL, _("Several")),
            (AT_MOST_ONE, _("At most one; a new tag replaces the old one")),
        ],
        widget=forms.RadioSelect,
        initial=SEVERAL,
    )
    tag_prefix = forms.CharField(
        label=_("Tag prefix"),
        required=False,
        max_length=40,
        strip=False,
        help_text=_(
            "For example exam: for tags such as exam:2026-12. Leave empty to "
            "allow any beginning."
        ),
    )
    pattern = forms.CharField(
        label=_("Name pattern"),
        required=False,
        max_length=200,
        help_text=_("A regular expression that the whole name must match. Optional."),
    )
    max_length = forms.IntegerField(
        label=_("Maximum name length (characters)"),
        min_value=1,
        max_value=tag_naming.MAX_LENGTH,
        initial=tag_naming.MAX_LENGTH,
    )
    guidance = forms.CharField(
        label=_("Naming guidance"),
        required=False,
        max_length=200,
        help_text=_(
            "Shown when someone creates a tag, and when a name does not match."
        ),
    )
    creator_roles = forms.MultipleChoiceField(
        label=_("Who can add tags to this group"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Owners and managers always can."),
    )

    def __init__(self, data: Any = None, *, group: TagGroup | None = None) -> None:
        initial: dict[str, Any] = {}
        if group is not None:
            initial = {
                "name": group.name,
                "tags_per_member": AT_MOST_ONE if group.exclusive else SEVERAL,
                "tag_prefix": group.prefix,
                "pattern": group.pattern,
                "max_length": group.max_length,
                "guidance": group.guidance,
                "creator_roles": group.creator_roles,
            }
        super().__init__(data, initial=initial)
        fields: Any = self.fields
        manager_roles = permissions.declared()[tag_models.MANAGE]
        fields["creator_roles"].choices = [
            choice
            for choice in permissions.Role.choices
            if choice[0] not in manager_roles
        ]

    def to_arguments(self) -> dict[str, Any]:
        """Return the arguments of `groups.create` and `groups.update`."""
        values = self.cleaned_data
        naming = tag_naming.NamingRule(
            prefix=values["tag_prefix"],
            pattern=values["pattern"],
            max_length=values["max_length"],
            guidance=values["guidance"],
        )
        return {
            "name": values["name"],
            "exclusive": values["tags_per_member"] == AT_MOST_ONE,
            "naming": naming,
            "creator_roles": values["creator_roles"],
        }


class MergeForm(forms.Form):
    into = forms.ModelChoiceField(
        label=_("Merge into"),
        queryset=Tag.objects.none(),
        empty_label=_("choose a tag"),
    )

    def __init__(self, tag: Tag, data: Any = None, **initial: Any) -> None:
        super().__init__(data, initial=initial)
        fields: Any = self.fields
        others = library.list_tags(tag.community).exclude(pk=tag.pk)
        fields["into"].queryset = others.order_by("name", "key")
