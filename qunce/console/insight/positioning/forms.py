"""The form of the positioning sheet: its parts as fields, and back."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight.positioning import hook_sources, sheet, sheets
from qunce.insight.positioning.sheet import LABELS, Sheet

MORE_ROWS = 3
"""Empty rows below those that there are."""
ARROW = re.compile(r"\s*(?:→|[-=]+>|\t)\s*")
HELP = {
    "pains": gettext_lazy("What hurts the people whom you serve; one per line."),
    "values": gettext_lazy("What the leader figure stands for; one per line."),
    "say": gettext_lazy("Words and phrases that sound like you; one per line."),
    "never_say": gettext_lazy(
        "One per line; after an arrow, what to say instead, such as “cheapest -> fairly"
        " priced”. A new text with such a word is not saved."
    ),
    "leader": gettext_lazy("The person who speaks for the brand, and what for."),
    "view_attribute": gettext_lazy(
        "An attribute that members answer more than once, such as in a survey."
    ),
}
ROWS = {"product": 2, "reason": 2, "leader": 2}
HOOK_PARTS, SERVED_PARTS = ("text", "pain", "source"), ("circle", "region")


class SheetForm(forms.Form):
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(
        self, data: Any = None, *, staff: Staff, content: Sheet, seen: int = 0
    ) -> None:
        super().__init__(data)
        self.community = staff.community
        self.sources = list_sources(self.community)
        self.fields["seen"].initial = seen
        for name in (*sheet.TEXTS, *sheet.LINES, "never_say"):
            self._add_text(name, content)
        for name, types in (
            ("circle_attribute", sheets.COUNTABLE),
            ("region_attribute", sheets.COUNTABLE),
            ("view_attribute", sheets.COMPARABLE),
        ):
            rows = sheets.list_attributes(self.community, types)
            self.fields[name] = forms.ChoiceField(
                label=LABELS[name],
                choices=[
                    ("", pgettext("attribute", "none")),
                    *((row.name, row.label) for row in rows),
                ],
                initial=getattr(content, name),
                required=False,
                help_text=HELP.get(name, ""),
            )
        self._add_rows(content)

    def _add_text(self, name: str, content: Sheet) -> None:
        value = getattr(content, name)
        if name == "never_say":
            value = "\n".join(
                f"{each.word} → {each.instead}" if each.instead else each.word
                for each in value
            )
        elif name in sheet.LINES:
            value = "\n".join(value)
        self.fields[name] = forms.CharField(
            label=LABELS[name],
            initial=value,
            required=False,
            max_length=20_000,
            help_text=HELP.get(name, ""),
            widget=forms.Textarea(attrs={"rows": ROWS.get(name, 4)}),
        )

    def _add_rows(self, content: Sheet) -> None:
        by_key = {key: label for label, key in self.sources.items()}
        labels = {
            "text": pgettext("positioning", "Hook"),
            "pain": pgettext("positioning", "Pain"),
            "source": pgettext("positioning", "Counted by"),
            "circle": pgettext("positioning", "Circle"),
            "region": pgettext("positioning", "Region"),
        }
        hooks = [
            {**each.__dict__, "source": by_key.get((each.kind, each.key), "")}
            for each in content.hooks
        ]
        served = [each.__dict__ for each in content.served]
        self.counts = {
            "hook": self._count_rows("hook", "text", len(hooks)),
            "served": self._count_rows("served", "circle", len(served)),
        }
        for prefix, parts, rows in (
            ("hook", HOOK_PARTS, hooks),
            ("served", SERVED_PARTS, served),
        ):
            for n in range(self.counts[prefix]):
                for part in parts:
                    lists = {"source": "hook-sources", "pain": "pains"}
                    widget = forms.TextInput(
                        attrs={"list": lists[part]} if part in lists else {}
                    )
                    self.fields[f"{prefix}_{part}_{n}"] = forms.CharField(
                        label=_("%(what)s, line %(n)s")
                        % {"what": labels[part], "n": n + 1},
                        initial=rows[n][part] if n < len(rows) else "",
                        required=False,
                        max_length=2 * sheet.MAX_LINE,
                        widget=widget,
                    )

    def _count_rows(self, prefix: str, part: str, filled: int) -> int:
        """Rows of the form: those that were sent, or the filled ones and some more."""
        most = sheet.MAX_ROWS
        if self.is_bound:
            sent = [n for n in range(most) if f"{prefix}_{part}_{n}" in self.data]
            return len(sent)
        return min(filled + MORE_ROWS, most)

    @property
    def pain_lines(self) -> list[str]:
        return str(self["pains"].value() or "").splitlines()

    @property
    def hook_rows(self) -> list[list[forms.BoundField]]:
        return self._rows("hook", HOOK_PARTS)

    @property
    def served_rows(self) -> list[list[forms.BoundField]]:
        return self._rows("served", SERVED_PARTS)

    def _rows(
        self, prefix: str, parts: tuple[str, ...]
    ) -> list[list[forms.BoundField]]:
        return [
            [self[f"{prefix}_{part}_{n}"] for part in parts]
            for n in range(self.counts[prefix])
        ]

    def content(self) -> dict[str, Any]:
        """The content for `sheets.save`; only after `is_valid`. Raises InvalidSheet."""
        data = self.cleaned_data
        lines = {name: data[name].splitlines() for name in sheet.LINES}
        words = [ARROW.split(line, 1) for line in data["never_say"].splitlines()]
        return {
            **{name: data[name] for name in sheet.TEXTS},
            **lines,
            "never_say": [
                {"word": word, "instead": "".join(instead)} for word, *instead in words
            ],
            "hooks": [self._hook(n) for n in range(self.counts["hook"])],
            "served": [
                {part: data[f"served_{part}_{n}"] for part in SERVED_PARTS}
                for n in range(self.counts["served"])
            ],
            **{
                name: data[name]
                for name in ("circle_attribute", "region_attribute", "view_attribute")
            },
        }

    def _hook(self, n: int) -> dict[str, str]:
        data = self.cleaned_data
        source = " ".join(data[f"hook_source_{n}"].split())
        if source and source not in self.sources:
            raise UnknownSource(
                _("Hook %(n)s: “%(text)s” is not in the list of what can count it.")
                % {"n": n + 1, "text": source[:80]}
            )
        kind, key = self.sources.get(source, ("", ""))
        return {
            "text": data[f"hook_text_{n}"],
            "pain": data[f"hook_pain_{n}"],
            "kind": kind,
            "key": key,
        }


class UnknownSource(errors.Invalid):
    """A text names nothing that counts hooks."""


def list_sources(community: Community) -> dict[str, tuple[str, str]]:
    """What can count a hook by its text in the form → its kind and its key."""
    found: dict[str, tuple[str, str]] = {}
    for kind, source in hook_sources.KINDS.items():
        for key, name in source.choices(community):
            text = _("%(kind)s: %(name)s") % {"kind": source.label, "name": name}
            text = " ".join(text.split())
            found[f"{text} ({key})" if text in found else text] = (kind, key)
    return found
