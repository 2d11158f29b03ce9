"""What pickers need to find a choice by the pinyin of its name."""

from __future__ import annotations

from django import template

from qunce.members.search import pinyin
from qunce.members.tags import tag_search

register = template.Library()


@register.filter
def sounds(name: object) -> str:
    """Return the ways to type a name in pinyin, separated by spaces; often none."""
    return tag_search.sounds_of(str(name)).replace(pinyin.SEPARATOR, " ").strip()
