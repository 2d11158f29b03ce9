"""Questions as rows of a form: added, moved and removed without dragging or scripts.

The form sends `count`, and the fields of each row as `q<n>-<name>`. A button says what to do
besides saving: `add`, `up-<n>`, `down-<n>` or `remove-<n>`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from qunce.core.communities import Community
from qunce.members.attributes import attributes
from qunce.members.surveys.questions import (
    CHOICES,
    CONDITIONAL,
    MAX_QUESTIONS,
    SCALES,
    Kind,
    Rule,
)

Row = dict[str, Any]
EMPTY: Row = {
    **dict.fromkeys(("key", "help", "attribute", "least", "most"), ""),
    "rule": str(Rule.NEWEST),
}
BANDS: Mapping[str, Sequence[tuple[int, int]]] = {
    Kind.NPS: ((0, 6), (7, 8), (9, 10)),
    Kind.SCALE: ((1, 2), (1, 3), (4, 5)),
}


@dataclass(frozen=True, kw_only=True)
class RowView:
    """A row as its template shows it; `conditions` are value, label and whether it holds."""

    index: int
    row: Row
    options: str = ""
    conditions: Sequence[tuple[str, str, bool]] = ()
    error: str = ""

    @property
    def prefix(self) -> str:
        return f"q{self.index}"

    @property
    def kind_label(self) -> str:
        return str(Kind(self.row["kind"]).label)

    @property
    def has_options(self) -> bool:
        return self.row["kind"] in CHOICES

    @property
    def has_limits(self) -> bool:
        return self.row["kind"] in (Kind.NUMBER, Kind.MULTIPLE)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """The rows that a form sent, and what its button asks for."""

    rows: list[Row] = field(default_factory=list)
    button: str = "save"
    moved: int = -1


def read(data: Mapping[str, str], before: Sequence[Row]) -> Sent:
    """The rows of a form; options keep the keys that they had in `before`."""
    count = _number(data.get("count", ""), MAX_QUESTIONS)
    known = {row.get("key"): row for row in before}
    rows = [
        row
        for n in range(count)
        if (row := _read_row(data, f"q{n}-", known)) is not None
    ]
    button = data.get("do", "save")
    verb, _dash, number = button.partition("-")
    moved = _number(number, MAX_QUESTIONS) if number else -1
    if verb == "add":
        kind = data.get("new_kind", "")
        rows.append(new_row(kind if kind in Kind.values else Kind.SINGLE))
        moved = len(rows) - 1
    elif verb == "remove" and moved < len(rows):
        del rows[moved]
    elif verb in ("up", "down"):
        other = moved + (1 if verb == "down" else -1)
        if 0 <= other < len(rows) and moved < len(rows):
            rows[moved], rows[other] = rows[other], rows[moved]
            moved = other
    return Sent(rows=rows, button=verb, moved=moved)


def new_row(kind: str) -> Row:
    row: Row = {"kind": kind, "text": "", "is_required": True}
    if kind in CHOICES:
        row["options"] = [{"text": ""}]
    return row


def _number(text: str, most: int) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) < 6
    return min(int(text), most) if is_number else 0


def _read_row(
    data: Mapping[str, str], prefix: str, known: Mapping[Any, Row]
) -> Row | None:
    kind = data.get(f"{prefix}kind", "")
    if kind not in Kind.values:
        return None
    key = data.get(f"{prefix}key", "")
    row: Row = {
        "kind": kind,
        "text": data.get(f"{prefix}text", ""),
        "help": data.get(f"{prefix}help", ""),
        "is_required": bool(data.get(f"{prefix}required")),
        "attribute": data.get(f"{prefix}attribute", ""),
        "rule": data.get(f"{prefix}rule", "") or Rule.NEWEST,
        "least": data.get(f"{prefix}least", ""),
        "most": data.get(f"{prefix}most", ""),
        "when": _read_condition(data.get(f"{prefix}when", "")),
    }
    if key:
        row["key"] = key
    if kind in CHOICES:
        earlier = known.get(key, {}).get("options") or ()
        row["options"] = read_options(data.get(f"{prefix}options", ""), earlier)
    return row


def _read_condition(text: str) -> Any:
    if not text or len(text) > 2_000:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def read_options(text: str, earlier: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Options of lines such as “Tea #tea-lover”.

    A line keeps the key of the option with its text. If as many are left, the others keep
    that of their place, as somebody has corrected a word. With the key go the other words
    for it, which the form does not show.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    rows: list[Row] = []
    for line in lines[:200]:
        text_, _sign, tag = line.replace("＃", "#").rpartition(" #")
        rows.append({"text": text_ or line, **({"tag": tag.strip()} if text_ else {})})
    old = list(earlier)
    by_text = {each["text"]: each.get("key") for each in old}
    for index, row in enumerate(rows):
        key = by_text.get(row["text"])
        if key is None and len(old) == len(rows):
            other = old[index]
            is_free = other["text"] not in {each["text"] for each in rows}
            key = other.get("key") if is_free else None
        if key:
            row["key"] = key
            words = next((o.get("words") for o in old if o.get("key") == key), None)
            row |= {"words": words} if words else {}
    return rows


def write_options(options: Iterable[Mapping[str, Any]]) -> str:
    return "\n".join(
        each.get("text", "") + (f" #{each['tag']}" if each.get("tag") else "")
        for each in options
    )


def views(rows: Sequence[Row], *, error: str = "", error_at: int = 0) -> list[RowView]:
    return [
        RowView(
            index=n,
            row=EMPTY | row,
            options=write_options(row.get("options") or ()),
            conditions=_conditions(rows[:n], row.get("when")),
            error=error if error_at == n + 1 else "",
        )
        for n, row in enumerate(rows)
    ]


def _conditions(earlier: Sequence[Row], current: Any) -> list[tuple[str, str, bool]]:
    """The conditions that can be chosen: options and bands of earlier questions."""
    found = [(_dump(when), label) for when, label in _list_conditions(earlier)]
    chosen = _dump(current) if current else ""
    if chosen and chosen not in {value for value, _label in found}:
        found.append((chosen, _("as it is now")))
    return [
        ("", _("always"), not chosen),
        *((value, label, value == chosen) for value, label in found),
    ]


def _list_conditions(earlier: Sequence[Row]) -> Iterable[tuple[Row, str]]:
    for number, row in enumerate(earlier, start=1):
        key = row.get("key")
        if not key or row["kind"] not in CONDITIONAL:
            continue
        for option in row.get("options") or ():
            if option.get("key"):
                when = {"question": key, "options": [option["key"]]}
                yield when, f"{number}. {row['text'][:40]} = {option['text'][:40]}"
        for least, most in BANDS.get(row["kind"], ()) if row["kind"] in SCALES else ():
            yield (
                {"question": key, "least": least, "most": most},
                f"{number}. {row['text'][:40]} = {least}–{most}",
            )


def _dump(when: Any) -> str:
    return json.dumps(when, sort_keys=True, ensure_ascii=False)


def list_attributes(community: Community) -> list[tuple[str, str]]:
    return [(each.name, each.label) for each in attributes.list_all(community)]
