"""What a staff member may name in a sentence: everything of the community by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import translation

from qunce.members.attributes import attribute_texts
from qunce.members.attributes.attributes import Attribute
from qunce.members.rule_text.free_text.drafts import About
from qunce.members.rule_text.free_text.tokens import Names
from qunce.sets.clauses import fact_filters
from qunce.sets.rules import references
from qunce.sets.rules.grammar.reader import Lexicon

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


LANGUAGES = ("zh-hans", "en")
"""A sentence may be in either, whatever language the pages are in."""


@dataclass(frozen=True)
class Vocabulary:
    """`lexicon` reads printed sentences, `names` free ones, which also know values."""

    lexicon: Lexicon
    names: Names
    about: About


def load(community: Community, by: Staff | None) -> Vocabulary:
    """Names that `by` may not see are not in it, so that they are like unknown words."""
    names = list(references.list_all_names(community, by))
    labels = {(kind, name) for kind, _key, name in names if kind == "kind"}
    for language in LANGUAGES:
        with translation.override(language):
            names += [
                ("kind", key, label)
                for key, label in fact_filters.list_labels(language).items()
                if ("kind", label) not in labels
            ]
    attributes = list(Attribute.objects.filter(community=community).order_by("pk"))
    values = [
        ("value", f"{attribute.name}/{text}", text)
        for attribute in attributes
        if by is None or not attribute_texts.is_masked(attribute, by)
        for text in attribute.choices
    ]
    types = {attribute.name: attribute.type for attribute in attributes}
    return Vocabulary(
        Lexicon(names), Names.of([*names, *values]), About(community.currency, types)
    )
