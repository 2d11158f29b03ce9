"""The form of the clause `members`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments import builder_choices
from qunce.console.segments.builder_choices import Choices, Option
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.members.accounts import masking
from qunce.members.accounts.models import Account
from qunce.members.people import visibility
from qunce.members.search import search

MAX_PICKED = 50
"""A longer list is shown as text."""


class MembersForm(ClauseForm):
    name = "members"
    label = gettext_lazy("Individual members")
    icon = "list-bullet"
    order = 110
    first_field = "people"
    folded_fields = ("keys",)
    folded_label = gettext_lazy("Paste a list")
    people = fields.PickField(label=gettext_lazy("Members"), required=False)
    keys = forms.CharField(
        label=gettext_lazy("Member keys, one per line"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )

    def set_up(self) -> None:
        self.use_picker("people", "account")

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        keys = args["keys"]
        if len(keys) > MAX_PICKED:
            return {"keys": "\n".join(keys)}
        return {"people": keys}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        lines = [line.strip() for line in cleaned["keys"].splitlines()]
        keys = dict.fromkeys([*cleaned["people"], *(line for line in lines if line)])
        if not keys:
            raise forms.ValidationError({"people": _("Fill in this field.")})
        return {"keys": list(keys)}


@builder_choices.register_finder("account")
def find_members(choices: Choices, query: str) -> list[Option]:
    if not query.strip():
        return []
    people = search.suggest(
        by=choices.by,
        query=query,
        at=choices.at,
        limit=builder_choices.max_options(query),
    )
    rows = Account.objects.filter(pk__in=people)
    by_id = {account.pk: _option(account, choices) for account in rows}
    return [by_id[person] for person in people if person in by_id]


@builder_choices.register_describer("account")
def describe_members(choices: Choices, keys: Sequence[str]) -> list[Option]:
    """The chosen members; of those that the staff member does not see only the key."""
    rows = list(Account.objects.filter(community=choices.community, key__in=keys))
    seen = visibility.filter_visible(
        by=choices.by, accounts=[account.pk for account in rows], at=choices.at
    )
    options = {a.key: _option(a, choices) for a in rows if a.pk in seen}
    hidden = (
        Option(key, masking.key(key, choices.by), "", known=False) for key in keys
    )
    return [options.get(option.key, option) for option in hidden]


def _option(account: Account, choices: Choices) -> Option:
    shown = masking.key(account.key, choices.by)
    return Option(account.key, account.name or shown, shown if account.name else "")
