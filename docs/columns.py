"""The page of columns that can be imported, from the import targets."""

from __future__ import annotations

from docs import markdown
from qunce.importing import column_mapping, target_registry

TYPES = {
    "key": "an identifier; `17850.0` is 17850",
    "text": "a text; `;` separates several tags or groups",
    "instant": "date and time, in the community's time zone without an offset",
    "date": "a calendar date",
    "amount": "a number, thousands separators allowed",
    "object": "a JSON object",
    "json": "any JSON",
}
EXTRAS = {
    "attributes": "Every further column becomes an attribute; its type is detected.",
    "details": "Every further column is stored with the order under its heading.",
    "": "Further columns are skipped.",
}


def page() -> str:
    parts = [
        "Columns with the name of a field, or with one of the other headings, need no"
        " mapping, whatever their case, width, spaces and punctuation. `--map"
        " HEADING=field` maps any other column, and `--map HEADING=` skips one.",
        markdown.table(("type", ""), TYPES.items()),
    ]
    for key in target_registry.list_keys():
        parts += _target(target_registry.get(key))
    parts += ["## Headings that become attributes of a member", _attributes()]
    return "\n\n".join(parts)


def _target(target: target_registry.Target) -> list[str]:
    rows = [
        (markdown.code(field.name), ", ".join(field.headings.split()), field.type)
        for field in target.fields
    ]
    needed = [" or ".join(map(markdown.code, group)) for group in target.required]
    return [
        f"## {target.key}",
        f"Required: {', '.join(needed)}. {EXTRAS[target.extras]}",
        markdown.table(("field", "other headings", "type"), rows),
    ]


def _attributes() -> str:
    rows = [
        (markdown.code(name), ", ".join(headings.split()))
        for name, headings in column_mapping.KNOWN_ATTRIBUTES.items()
    ]
    return markdown.table(("attribute", "headings"), rows)
