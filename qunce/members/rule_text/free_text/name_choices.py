"""What a name that stands for several things may mean."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from qunce.members.rule_text.free_text.reading import Choice
from qunce.members.rule_text.free_text.tokens import Meaning
from qunce.sets.rules.grammar.values import quote

KIND_LABELS = {
    "tag": "tag",
    "group": "group",
    "segment": "segment",
    "frozen": "frozen segment",
    "layer": "layer",
    "source": "source",
    "staff": "staff in charge",
    "attr": "attribute",
    "category": "category",
    "tag_group": "tag group",
    "score": "score",
}


def list_choices(meanings: Sequence[Meaning], written: str) -> list[Choice]:
    """A choice for each meaning, in words that mean only this one."""
    name = written.strip('“”「」『』"《》')
    kinds = [kind for kind, _key in meanings]
    choices = []
    for kind, key in meanings:
        # Of two of one kind, the name alone would be asked about again.
        unique = key if kinds.count(kind) > 1 else name
        label = _(KIND_LABELS.get(kind, kind))
        words = _("%(kind)s %(name)s") % {"kind": label, "name": quote(unique)}
        choices.append(Choice(words, words))
    return choices
