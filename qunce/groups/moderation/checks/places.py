"""Where checks of texts look: in the message, in its author's name, or in both."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from qunce.groups.moderation.checks.options import Choice
from qunce.groups.moderation.checks.subjects import Kind, Subject
from qunce.groups.moderation.normalisation import Normalised

TEXT, NAME, BOTH = "text", "name", "both"

PLACES = Choice(
    key="places",
    label=gettext_lazy("Look in"),
    choices={
        TEXT: gettext_lazy("the message"),
        NAME: gettext_lazy("the name of its author"),
        BOTH: gettext_lazy("the message and the name"),
    },
    default=BOTH,
)


def list_texts(subject: Subject, places: str) -> list[tuple[str, Normalised]]:
    """The texts with their place. Joins and renamings have a name only."""
    texts = []
    if places != NAME and subject.text and subject.kind in (Kind.MESSAGE, Kind.EDIT):
        texts.append((TEXT, subject.normalised))
    if places != TEXT and subject.author_name:
        texts.append((NAME, subject.normalised_name))
    return texts
