"""Takes back attribute values of members that existed before the import.

An entry is `[attribute, account]`. The values of before are in the history of values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import revisions, timestamps
from qunce.core.facts import facts
from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes, values
from qunce.members.attributes.attributes import Attribute, AttributeType
from qunce.members.attributes.parsing import StoredValue
from qunce.members.attributes.values import (
    AttributeValue,
    PastValue,
    ValueRow,
    ValueWriter,
)
from qunce.sets.bitmaps import attribute_columns

SOURCE = "undo"


class AttributeValueStep(Step):
    kind = "values"
    position = 60
    label = gettext_lazy("attribute values restored")

    def account_of(self, entry: Any) -> int | None:
        return int(entry[1])

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        accounts: dict[int, set[int]] = {}
        for attribute, account in entries:
            accounts.setdefault(attribute, set()).add(account)
        # By id, as every writer locks attributes in that order.
        rows = Attribute.objects.filter(pk__in=accounts).order_by("pk")
        return sum(
            _restore(attribute, accounts[attribute.pk], undoing) for attribute in rows
        )


def _restore(attribute: Attribute, accounts: set[int], undoing: Undoing) -> int:
    moment = undoing.job.started_at
    current = AttributeValue.objects.filter(
        attribute=attribute, account_id__in=accounts
    )
    changed_since = set(
        current.exclude(set_at=moment)
        .filter(set_at__gt=timestamps.to_micros(moment))
        .values_list("account_id", flat=True)
    )
    if attribute.type_changed_at and attribute.type_changed_at >= moment:
        # The history has the values of before as what the attribute was then.
        changed_since = accounts
    for _pk, key in account_queries.keys_by_id(
        undoing.community, sorted(changed_since)
    ).items():
        reason = _("“%(attribute)s” has been changed since.")
        undoing.keep(key, reason % {"attribute": attribute.label or attribute.name})
    own = sorted(accounts - changed_since)
    before: dict[int, list[StoredValue]] = {account: [] for account in own}
    # Values that the import did not touch, such as other choices of several.
    untouched = current.filter(present=True, set_at__lt=timestamps.to_micros(moment))
    replaced = PastValue.objects.filter(
        attribute_id=attribute.pk, account_id__in=own, ended_at=moment
    ).filter(set_at__lt=timestamps.to_micros(moment))
    for rows in (untouched, replaced):
        for account, number, text in rows.values_list("account_id", "number", "text"):
            if account in before and (number, text) not in before[account]:
                before[account].append((number, text))
    writer = ValueWriter(attribute, undoing.by, undoing.at, SOURCE)
    written = writer.write(before)
    facts.record_for_accounts(
        attributes.AttributeSet(attribute=attribute.name, source=SOURCE),
        written,
        community=undoing.community,
        by=undoing.by,
        at=undoing.at,
    )
    _restore_origins(attribute, own, list(replaced), undoing)
    return len(written)


def _restore_origins(
    attribute: Attribute,
    accounts: Sequence[int],
    replaced: Sequence[PastValue],
    undoing: Undoing,
) -> None:
    """Give values that are back their time, source and author, and clear the history.

    Otherwise the undo of an earlier import would find them changed since.
    """
    rev = revisions.bump(
        attribute.community_id, attribute_columns.KIND, [attribute.pk]
    )[attribute.pk]
    is_multi = attribute.type == AttributeType.MULTI
    rows = {
        (row.account_id, item): ValueRow(
            *(row.account_id, item, row.number, row.text),
            *(timestamps.to_micros(row.set_at), row.source, row.by_id),
        )
        for row in replaced
        for item in [(row.text or "") if is_multi else ""]
    }
    values.upsert(attribute, list(rows.values()), rev)
    moment = undoing.job.started_at
    own = {"attribute_id": attribute.pk, "account_id__in": accounts}
    AttributeValue.objects.filter(**own, present=False, set_at=undoing.at).update(
        set_at=timestamps.from_micros(0)
    )
    past = PastValue.objects.filter(**own)
    past.filter(ended_at=moment).delete()
    past.filter(set_at=moment, ended_at=undoing.at).delete()


STEP = AttributeValueStep
