"""Sentences on what a tagging changed, and on who already had the tag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.members.tags import batch_changes
from qunce.members.tags.batch_changes import BatchChanges
from qunce.members.tags.models import Tag, TagBatch


def describe(
    batch: TagBatch, tags: Sequence[Tag], size: int, *, removes: bool, name: str = ""
) -> str:
    """Sentences about what the batch did with these tags for `size` people.

    `name` is the member's name if they are only one.
    """
    changes = {change.tag.pk: change for change in batch_changes.list_changes(batch)}
    sentences: list[str] = []
    for tag in tags:
        change = changes.pop(tag.pk, BatchChanges(tag))
        parts = _describe_removal if removes else _describe_change
        sentences += parts(change, size, name)
    # Other tags of an exclusive group gave way.
    for change in changes.values():
        if change.removed:
            sentences += _describe_removal(change, change.removed, name)
    return " ".join(sentences)


def _describe_change(change: BatchChanges, size: int, name: str) -> Iterator[str]:
    words = {"tag": change.tag.name, "name": name}
    if change.added:
        yield (
            _("“%(tag)s” was added to %(name)s.") % words
            if name
            else ngettext(
                "“%(tag)s” was added to %(n)s member.",
                "“%(tag)s” was added to %(n)s members.",
                change.added,
            )
            % {**words, "n": f"{change.added:,}"}
        )
    if change.deepened:
        yield (
            _("The depth of “%(tag)s” changed for %(name)s.") % words
            if name
            else ngettext(
                "The depth of “%(tag)s” changed for %(n)s member.",
                "The depth of “%(tag)s” changed for %(n)s members.",
                change.deepened,
            )
            % {**words, "n": f"{change.deepened:,}"}
        )
    if change.extended:
        yield (
            _("The expiry of “%(tag)s” changed for %(name)s.") % words
            if name
            else ngettext(
                "The expiry of “%(tag)s” changed for %(n)s member.",
                "The expiry of “%(tag)s” changed for %(n)s members.",
                change.extended,
            )
            % {**words, "n": f"{change.extended:,}"}
        )
    same = size - change.added - change.deepened - change.extended - change.removed
    if same > 0:
        yield (
            _("%(name)s already had “%(tag)s”; nothing changed.") % words
            if name
            else ngettext(
                "%(n)s member already had “%(tag)s”.",
                "%(n)s members already had “%(tag)s”.",
                same,
            )
            % {**words, "n": f"{same:,}"}
        )
    if change.removed:
        yield from _describe_removal(change, change.removed, name)


def _describe_removal(change: BatchChanges, size: int, name: str) -> Iterator[str]:
    words = {"tag": change.tag.name, "name": name}
    if change.removed:
        yield (
            _("“%(tag)s” was removed from %(name)s.") % words
            if name
            else ngettext(
                "“%(tag)s” was removed from %(n)s member.",
                "“%(tag)s” was removed from %(n)s members.",
                change.removed,
            )
            % {**words, "n": f"{change.removed:,}"}
        )
    without = size - change.removed
    if without > 0:
        yield (
            _("%(name)s did not have “%(tag)s”.") % words
            if name
            else ngettext(
                "%(n)s member did not have “%(tag)s”.",
                "%(n)s members did not have “%(tag)s”.",
                without,
            )
            % {**words, "n": f"{without:,}"}
        )
