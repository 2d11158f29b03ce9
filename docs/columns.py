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

READINGS = {
    "orders": """\
How the rows of one order number, of one `shop` or `--source`, become an order:

* Equal amounts on each row are the order's. Different ones are those of its lines and are
  added up, as are equal ones where other orders of the file differ. If `total` is given,
  amounts, discount, shipping and tax must lead to it, or the order is refused with the
  arithmetic.
* Without an amount, quantity × unit price or the line amount are added up, plus shipping
  and tax, less discount.
* A row with an amount below zero is a refund at its time. Refunds in a column are several
  if their times or amounts differ, and one if they are repeated. Without times a column
  holds running totals.
* If refunds exceed the amount in some order, amounts are net of refunds: what was paid is
  both together, and `net_amounts` counts these orders. If other orders show the opposite,
  the order is refused.
* A status decides whether an order is a sale. Each word of the file is a question with a
  suggestion, `--answer "status:WORD=cancelled"`. Orders that are no sale are skipped; a
  stored one that is cancelled later is refunded.
* The currency is that of the column, else the sign or code beside the amount, else
  `--currency`, else the community's, which the notes say. Cells that contradict each
  other are refused, and so is another currency in a later file.
* A later file corrects amount, member, time and refunds. A file with days only does not
  replace a known time. A refund of another time than the stored ones is refused until
  `--answer refunds=total` or `refunds=each` says what the column holds.
* A member's key wins over a phone or an e-mail address of somebody else, which may be the
  receiver's; `overruled` counts these rows.
* The report has `money` by currency: `paid` is before refunds, `net` after them, as in
  `qunce status` and `qunce orders list`. `value` is `net` of the orders in `--currency`
  before amounts are rounded, `value_with_member` the part of it with a member.
  `rows_new`, `rows_changed`, `rows_known`, `rows_skipped`, `rows_suppressed` and `broken`
  add up to the rows read.""",
}
"""What else is to be known about a target."""


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
        *filter(None, [READINGS.get(target.key)]),
    ]


def _attributes() -> str:
    rows = [
        (markdown.code(name), ", ".join(headings.split()))
        for name, headings in column_mapping.KNOWN_ATTRIBUTES.items()
    ]
    return markdown.table(("attribute", "headings"), rows)
