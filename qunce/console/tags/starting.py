"""Tag libraries of a trade to start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from django_stubs_ext import StrOrPromise

from qunce.console import entry
from qunce.core.communities import Community
from qunce.members import tags, tagtemplates

WORDS: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    "education": (
        gettext_lazy("Education"),
        gettext_lazy("Learner or not, project, subject, date of the exam."),
    ),
    "ecommerce": (
        gettext_lazy("E-commerce"),
        gettext_lazy("How they came, what they bought, how often, what they do."),
    ),
}


@dataclass(frozen=True)
class Template:
    """`missing` of its tags are not in the library yet."""

    name: str
    words: StrOrPromise
    about: StrOrPromise
    groups: Sequence[tagtemplates.Group]
    missing: int


@entry.page(tags.MANAGE)
def templates(request: entry.Request) -> HttpResponse:
    context = {"templates": [_read(request.community, name) for name in WORDS]}
    return entry.render(request, "console/tags/templates.html", context)


def _read(community: Community, name: str) -> Template:
    groups = tagtemplates.TEMPLATES[name]
    keys = [key for group in groups for key, _name in group.tags]
    words, about = WORDS[name]
    missing = len(keys) - len(tags.find(community, keys))
    return Template(name, words, about, groups, missing)


@require_POST
@entry.page(tags.MANAGE)
def apply(request: entry.Request, name: str) -> HttpResponse:
    made = tagtemplates.apply(
        community=request.community, template=name, by=request.operator, at=request.at
    )
    text = ngettext(
        "%(n)s tag is new; what was there stayed as it was.",
        "%(n)s tags are new; what was there stayed as it was.",
        len(made),
    )
    entry.say(request, text % {"n": f"{len(made):,}"})
    return entry.back(request, reverse("tags:list"))
