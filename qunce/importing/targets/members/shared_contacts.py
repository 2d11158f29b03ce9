"""Asks whether members who share a phone or an e-mail address are one person.

Members with other names and other numbers in one file may be accounts of one person, or a
family, or the sellers of one shop. What more of them share than the community allows for
one person joins nobody without a question.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.importing.files import rows as file_rows
from qunce.importing.files import sources
from qunce.importing.plan.questions import Choice
from qunce.importing.rows import parsing
from qunce.members.accounts.models import SharedIdentifier
from qunce.members.people import identifier_merges

if TYPE_CHECKING:
    from qunce.importing.plan.plan import ImportPlan

QUESTION = "shared"
JOIN, APART = "join", "apart"
CONTACTS = ("phone", "email")
NUMBERS = ("key", "unionid")
"""What distinguishes members whatever they share, the first that a row has."""
MAX_NAMED = 3
MIN_DIFFERENT = 3
CHINESE = re.compile(r"[\u3400-\u9fff]")
PHONE_DIGITS = 8
"""Of the end of a phone, which all spellings of it have."""


@dataclass(frozen=True)
class Shared:
    """A phone or an e-mail address with the numbers and names of its members."""

    value: str
    members: dict[str, str]

    def describe(self, sign: str) -> str:
        named = list(self.members.items())
        members = sign.join(f"{name} ({key})" for key, name in named[:MAX_NAMED])
        return f"{self.value}: {members}{'…' if len(named) > MAX_NAMED else ''}"


def ask(plan: ImportPlan) -> None:
    """Ask about each kind of contact that people of different names share."""
    fields = plan.heading_of
    if "name" not in fields or not any(number in fields for number in NUMBERS):
        return
    for kind in CONTACTS:
        found = _list_shared(plan, kind) if kind in fields else []
        if not found:
            continue
        heading = fields[kind]
        plan.ask(
            f"{QUESTION}:{heading}",
            heading=heading,
            text=_(
                "In “%(heading)s”, members with different numbers and names have the "
                "same value (%(count)s in all). Is that one person with several "
                "accounts, or several people, such as a family or a shop?"
            )
            % {"heading": heading, "count": f"{len(found):,}"},
            choices=[
                Choice(
                    JOIN,
                    _("one person: merge the accounts"),
                    found[0].describe(" = "),
                ),
                Choice(
                    APART,
                    _("several people: keep them apart"),
                    found[0].describe(" / "),
                ),
            ],
        )
        if plan.answer(f"{QUESTION}:{heading}") == APART:
            plan.kept_apart |= {(kind, each.value): len(each.members) for each in found}


def _list_shared(plan: ImportPlan, kind: str) -> list[Shared]:
    """Return what members of different names share, and nobody is known to share."""
    members: dict[str, dict[str, str]] = {}
    for value, key, name in _list_repeated(plan, kind):
        members.setdefault(value, {}).setdefault(key, name)
    known = SharedIdentifier.objects.filter(
        community=plan.community, kind=kind, value__in=list(members)
    )
    for value in known.values_list("value", flat=True):
        del members[value]
    limit = plan.community.shared_identifier_limit
    return [
        Shared(value, own)
        for value, own in members.items()
        if _has_different(own.values())
        and not identifier_merges.are_too_many(len(own), own.values(), limit)
    ]


def _has_different(names: Iterable[str]) -> bool:
    """Whether the names contradict one person.

    Two may be a name and a nickname if they have something in common, three may not.
    """
    different: list[str] = []
    for name in dict.fromkeys(map(_plain, names)):
        if name and not any(one in name or name in one for one in different):
            different.append(name)
    if len(different) < MIN_DIFFERENT:
        return len(different) > 1 and not _may_be_one(*different)
    return True


def _plain(name: str) -> str:
    """Return the letters and digits of a name, its words in alphabetical order."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", name).casefold())
    return "".join(words if CHINESE.search(name) else sorted(words))


def _may_be_one(one: str, other: str) -> bool:
    """Whether two Chinese names share more than a family name, such as 小林 and 林太太."""
    if one[0] == other[0]:
        one, other = one[1:], other[1:]
    return bool(set(CHINESE.findall(one)) & set(CHINESE.findall(other)))


def _list_repeated(plan: ImportPlan, kind: str) -> list[tuple[str, str, str]]:
    """Return value, number and name of rows whose value occurs with several numbers."""
    index = plan.source.headings.index(plan.heading_of[kind])
    texts = [
        _comparable(kind, batch.columns[index])
        for batch in sources.read_batches(plan.source)
    ]
    counted = pa.chunked_array(texts, pa.string()).drop_null().value_counts()
    repeated = pc.struct_field(counted, 0).filter(
        pc.greater(pc.struct_field(counted, 1), 1)
    )
    if not len(repeated):
        return []
    tables = list(_read(plan, kind, index, repeated))
    if not tables:
        return []
    table = pa.concat_tables(tables)
    sums = table.group_by("value").aggregate([("number", "count_distinct")])
    several = sums.filter(pc.greater(sums["number_count_distinct"], 1))["value"]
    chosen = table.filter(pc.is_in(table["value"], value_set=several.combine_chunks()))
    return list(
        zip(*(column.to_pylist() for column in chosen.itercolumns()), strict=True)
    )


def _comparable(kind: str, column: pa.Array) -> pa.Array:
    """Return texts that are equal if the values are."""
    texts = pc.utf8_lower(pc.utf8_normalize(column, form="NFKC"))
    if kind == "phone":
        digits = pc.replace_substring_regex(texts, r"\.0+$|[^0-9]", "")
        texts = pc.utf8_slice_codeunits(digits, -PHONE_DIGITS)
    else:
        texts = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _read(
    plan: ImportPlan, kind: str, index: int, repeated: pa.Array
) -> Iterator[pa.Table]:
    """Yield value, number and name of the rows that have one of these texts."""
    wanted = (kind, *NUMBERS, "name")
    mapping = {h: name if name in wanted else "" for h, name in plan.mapping.items()}
    options = dataclasses.replace(plan.options, mapping=mapping)
    narrow = dataclasses.replace(plan, options=options)
    for batch in sources.read_batches(plan.source):
        is_repeated = pc.is_in(_comparable(kind, batch.columns[index]), repeated)
        mask = np.asarray(pc.fill_null(is_repeated, pa.scalar(value=False)))
        if not mask.any():
            continue
        columns: dict[str, Any] = parsing.parse(
            narrow, file_rows.select(batch, mask)
        ).columns
        numbers = [columns[name] for name in NUMBERS if name in columns]
        table = pa.table(
            {
                "value": columns[kind],
                "number": pc.coalesce(*numbers),
                "name": columns["name"],
            }
        )
        yield table.drop_null()
