"""The form that tags people: several tags at once, with depth, expiry and note."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors
from qunce.members.tags import bulk as bulk_tagging
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import levels, library, tag_search
from qunce.members.tags import report as tag_report
from qunce.members.tags.models import Tag

if TYPE_CHECKING:
    from django.http import QueryDict

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

TAG_SEPARATORS = re.compile(r"[;；\n、，,]")
MAX_TAGS = 20


class TagUnknown(errors.NotFound):
    """There is no tag with this name. `name` is what was typed."""

    def __init__(self, name: str) -> None:
        super().__init__(_("There is no tag “%(tag)s”.") % {"tag": name})
        self.name = name


def find_tag(community: Community, text: str) -> Tag | None:
    """Return the tag with this key, synonym or name."""
    text = text.strip()[:200]
    tag = library.find(community, [text]).get(text)
    if tag is None:
        tag = library.list_tags(community).filter(name__iexact=text).first()
    return tag


def find_tags(community: Community, texts: Sequence[str]) -> list[Tag]:
    """The tags that these texts name, each one or several with separators.

    Raises TagUnknown.
    """
    tags: dict[int, Tag] = {}
    for text in texts:
        whole = find_tag(community, text)
        # A name may contain a comma, so the text is looked up as a whole first.
        parts = [text] if whole else TAG_SEPARATORS.split(text)
        for part in filter(None, (part.strip() for part in parts)):
            tag = whole or find_tag(community, part)
            if tag is None:
                raise TagUnknown(part)
            tags[tag.pk] = tag
    return list(tags.values())


def list_chosen(by: Staff, values: QueryDict) -> list[tuple[str, str, str]]:
    """Name, value and label of the tags of a form that is shown again."""
    chosen = {}
    for text in values.getlist("tag"):
        whole = find_tag(by.community, text)
        for part in [text] if whole else TAG_SEPARATORS.split(text):
            tag = whole or find_tag(by.community, part)
            if tag is not None:
                chosen[tag.key] = ("tag", tag.key, tag.name)
    new = [
        ("create", text, text.partition(":")[2]) for text in values.getlist("create")
    ]
    return [*chosen.values(), *new][:MAX_TAGS]


class TaggingForm(forms.Form):
    """What is done with the tags. The tags themselves are read by `tags_of`."""

    depth = forms.CharField(
        label=gettext_lazy("Depth"),
        required=False,
        max_length=80,
        help_text=gettext_lazy(
            "+1 adds one, 3 sets it to three; the name of a level works, too."
        ),
        widget=forms.TextInput(attrs={"placeholder": "+1", "autocomplete": "off"}),
    )
    until = forms.DateField(
        label=gettext_lazy("Valid until"),
        required=False,
        help_text=gettext_lazy("The tag is removed after this day."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("It stands beside the change in the tagging history."),
    )

    def __init__(self, data: Any = None, *, at: datetime, prefix_id: str = "") -> None:
        super().__init__(data, auto_id=f"{prefix_id}-%s")
        self.today = timezone.localtime(at).date()
        self.fields["until"].widget.attrs["min"] = self.today.isoformat()

    def clean_until(self) -> date | None:
        day: date | None = self.cleaned_data["until"]
        if day is not None and day < self.today:
            raise forms.ValidationError(_("Choose today or a later day."))
        return day

    @property
    def expires_at(self) -> datetime | None:
        day = self.cleaned_data.get("until")
        return end_of_day(day) if day else None

    @property
    def has_details(self) -> bool:
        """Whether depth, expiry or note are filled in, so that they must be shown."""
        return any(self[name].value() for name in self.fields) or bool(self.errors)


def end_of_day(day: date) -> datetime:
    """The last moment of a day in the time zone that is active."""
    midnight = datetime.combine(day + timedelta(days=1), time.min)
    return timezone.make_aware(midnight) - timedelta(microseconds=1)


# Creating


@dataclass(frozen=True)
class Suggestions:
    """What the picker offers for a text.

    `similar` are tags with nearly the same name. `creatable` are pairs of a tag group, or
    None, and the naming rule that the text breaks, empty if it can be created there.
    """

    text: str
    tags: list[Tag]
    similar: list[Tag]
    creatable: list[tuple[Any, str]]


MAX_SUGGESTED, MAX_CREATABLE = 12, 6


def suggest(by: Staff, text: str) -> Suggestions:
    text = text.strip()[:80]
    tags = tag_search.find(by.community, text, limit=MAX_SUGGESTED)
    if not text or find_tag(by.community, text):
        return Suggestions(text, tags, [], [])
    known = {tag.pk for tag in tags}
    similar = [
        tag
        for tag in tag_report.list_similar(by.community, text)
        if tag.pk not in known and not tag.is_automatic
    ]
    return Suggestions(text, tags, similar, _list_creatable(by, text))


def _list_creatable(by: Staff, text: str) -> list[tuple[Any, str]]:
    """Where the tag can be created: without a group, and in those whose prefix was typed.

    Whoever may create tags in some groups only is offered these.
    """
    groups = [
        group
        for group in tag_groups.list_all(by.community)
        if library.may_create(group, by)
    ]
    if library.may_create(None, by):
        named = [
            each for each in groups if each.prefix and text.startswith(each.prefix)
        ]
        places: list[Any] = [*named, None]
    else:
        places = list(groups)
    rows = [(place, library.find_name_error(place, text)) for place in places]
    # Those that follow the naming rule first.
    return sorted(rows, key=lambda row: bool(row[1]))[:MAX_CREATABLE]


def create_tags(by: Staff, values: Sequence[str], at: datetime) -> list[Tag]:
    """Create the tags that were chosen as new: `GROUP:NAME`, the group by id or empty."""
    created = []
    with transaction.atomic():
        for value in values[:MAX_TAGS]:
            number, _colon, name = value.partition(":")
            is_id = number.isascii() and number.isdigit() and len(number) < 17
            group = tag_groups.get(by.community, int(number)) if is_id else None
            # Somebody else may have created it while the list was open.
            tag = find_tag(by.community, name) or library.create(
                community=by.community, key=name, group=group, by=by, at=at
            )
            created.append(tag)
    return created


def check_depth(text: str, tags: Sequence[Tag]) -> None:
    """Raises InvalidDepth unless the text is a depth of each of these tags."""
    for tag in tags:
        if text:
            levels.parse_depth(text, tag.levels)


def needs_background(size: int) -> bool:
    return size > bulk_tagging.MAX_IMMEDIATE
