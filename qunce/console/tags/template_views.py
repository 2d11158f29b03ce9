"""Tag libraries of a trade to start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from django_stubs_ext import StrOrPromise

from qunce.console import http
from qunce.core.communities import Community
from qunce.members.tags import library
from qunce.members.tags import models as tag_models
from qunce.members.tags import templates as tag_templates

WORDS: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    "education": (
        gettext_lazy("Education"),
        gettext_lazy("Learner or not, project, subject, exam date."),
    ),
    "ecommerce": (
        gettext_lazy("E-commerce"),
        gettext_lazy(
            "How members were added, what they bought, how often, and what they do."
        ),
    ),
}


@dataclass(frozen=True)
class Template:
    """`missing` of its tags are not in the library yet."""

    name: str
    words: StrOrPromise
    about: StrOrPromise
    groups: Sequence[tag_templates.TemplateGroup]
    missing: int


@http.page(tag_models.MANAGE)
def templates(request: http.Request) -> HttpResponse:
    context = {"templates": [_read(request.community, name) for name in WORDS]}
    return http.render(request, "console/tags/templates.html", context)


def _read(community: Community, name: str) -> Template:
    groups = tag_templates.TEMPLATES[name]
    keys = [key for group in groups for key, _name in group.tags]
    words, about = WORDS[name]
    missing = len(keys) - len(library.find(community, keys))
    return Template(name, words, about, groups, missing)


@require_POST
@http.page(tag_models.MANAGE)
def apply(request: http.Request, name: str) -> HttpResponse:
    made = tag_templates.apply(
        community=request.community, template=name, by=request.staff, at=request.at
    )
    text = ngettext(
        "Added %(n)s tag. Existing tags are unchanged.",
        "Added %(n)s tags. Existing tags are unchanged.",
        len(made),
    )
    http.say(request, text % {"n": f"{len(made):,}"})
    return http.back(request, reverse("tags:list"))
