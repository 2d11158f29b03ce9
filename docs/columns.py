"""The page of columns that can be imported, from the import targets."""

from __future__ import annotations

from docs import markdown
from qunce.importing import target_registry
from qunce.importing.columns import column_mapping

TYPES = {
    "key": "an identifier; `17850.0` is 17850",
    "text": "a text",
    "instant": "date and time, in the community's time zone without an offset",
    "date": "a calendar date",
    "list": "several entries, separated by the sign that its column shows",
    "amount": "a number, with or without thousands separators, a currency sign or 万",
    "phone": "a phone number, read with the community's region",
    "email": "an e-mail address",
    "unionid": "a UnionID of WeChat",
    "object": "a JSON object",
    "json": "any JSON",
}
EXTRAS = {
    "attributes": "Every further column becomes an attribute; its type is detected.",
    "details": "Every further column is stored with the order under its heading.",
    "": "Further columns are skipped.",
}

COLUMNS = """\
## How a column is read

All texts of a column decide how each of them is read. What the file decides is said in a
note; what it leaves open is a question, which an option answers, or `--answer KEY=VALUE`
for one column. Answers are kept for the next file of the same `--source`.

| question | decided by | option |
|---|---|---|
| `dates:HEADING`: day/month, month/day, year/month/day | a number above twelve, a date that does not exist, a payment in the future, other columns of the file | `--dates dmy`, `mdy`, `ymd` |
| `decimal:HEADING`: 1.299 and 1,299 | a text such as 12,50 in the column or another one; for money, which has no three decimals, the sign of the currency | `--decimal point`, `comma` |
| `separator:HEADING`: `;` `,` `、` `|` `/` or a space between entries | the only one of the first four that occurs; `"a","b"` and JSON lists show it themselves | `--separator ';'`, several as `';,'`, `space`, `none` |
| `type:HEADING` of a further column | its texts, see below | `--type HEADING=text` |
| `encoding` | frequent characters of GB18030, Big5, Shift-JIS, EUC-JP, EUC-KR, CP1252 and CP1251; UTF-8 and UTF-16 show themselves | `--encoding big5` |
| `sheet`, where several have the same headings | the first visible one with rows; hidden ones are never taken unless named | `--sheet NAME`, `all` |

Further columns are text when in doubt. A number has at least two different values, no
leading zeros, at most seven digits before the point and fractions that lose no zero; codes
of one length from five digits on, and headings such as 邮编, room or version, make it text.
Yes and no need both words of one pair, such as yes and no or 是 and 否. A list needs
entries that occur in several cells. An attribute that exists keeps its type: `010020` in a
column of numbers is refused. `qunce attributes change-type` converts the attribute with all
its values, in the console *Attributes → Change type*, in the API `PATCH /attributes/{id}`;
later files are read as the new type.

Left out, named in a note and counted as skipped: rows of totals (合计, Total), remarks
below the table, and headings that occur again. Rows above the headings are left out, too.
Refused with their row: cells beyond the last heading, a quotation mark that is not closed,
hours such as 晚上1:30 whose day is unclear, numbers that a spreadsheet has rounded
(`1.38E+10`, numbers of more than 15 digits in keys), and times in the future."""

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
        COLUMNS,
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
