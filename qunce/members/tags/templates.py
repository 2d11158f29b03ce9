"""Ready-made tag libraries for a trade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library, naming
from qunce.members.tags.models import Tag

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class TemplateGroup:
    """A tag group to create, with (key, name) of each tag."""

    key: str
    name: StrOrPromise
    tags: Sequence[tuple[str, StrOrPromise]]
    exclusive: bool = False
    pattern: str = ""
    guidance: StrOrPromise = ""


EDUCATION = (
    TemplateGroup(
        "learner",
        gettext_lazy("Learner"),
        (
            ("learner", gettext_lazy("learner")),
            ("not-a-learner", gettext_lazy("not a learner")),
        ),
        exclusive=True,
    ),
    TemplateGroup(
        "project",
        gettext_lazy("Project"),
        (
            ("project:school", gettext_lazy("school subjects")),
            ("project:postgraduate", gettext_lazy("postgraduate entrance exam")),
            ("project:civil-service", gettext_lazy("civil service")),
            ("project:language", gettext_lazy("languages")),
            ("project:certificate", gettext_lazy("certificates")),
        ),
    ),
    TemplateGroup(
        "subject",
        gettext_lazy("Subject"),
        (
            ("subject:mathematics", gettext_lazy("mathematics")),
            ("subject:english", gettext_lazy("English")),
            ("subject:politics", gettext_lazy("politics")),
            ("subject:major", gettext_lazy("major subject")),
        ),
    ),
    TemplateGroup(
        "exam-date",
        gettext_lazy("Exam date"),
        (),
        exclusive=True,
        pattern=r"exam:\d{4}-(0[1-9]|1[0-2])",
        guidance=gettext_lazy("Write the month of the exam like exam:2026-12."),
    ),
)

ECOMMERCE = (
    TemplateGroup(
        "added-by",
        gettext_lazy("Added through"),
        (
            ("added:parcel-card", gettext_lazy("package insert")),
            ("added:qr-code", gettext_lazy("QR code")),
            ("added:shared-card", gettext_lazy("shared card")),
            ("added:group", gettext_lazy("group")),
            ("added:shop", gettext_lazy("shop")),
            ("added:text-message", gettext_lazy("text message")),
            ("added:livestream", gettext_lazy("live stream")),
        ),
    ),
    TemplateGroup(
        "category",
        gettext_lazy("Purchased category"),
        (
            ("category:clothing", gettext_lazy("clothing")),
            ("category:beauty", gettext_lazy("beauty")),
            ("category:food", gettext_lazy("food")),
            ("category:baby", gettext_lazy("mother and baby")),
            ("category:home", gettext_lazy("home")),
            ("category:digital", gettext_lazy("electronics")),
        ),
    ),
    TemplateGroup(
        "behaviour",
        gettext_lazy("Behaviour"),
        (
            ("asked-price", gettext_lazy("asked about the price")),
            ("clicked-product", gettext_lazy("clicked a product")),
            ("left-in-cart", gettext_lazy("abandoned cart")),
            ("bought-gift", gettext_lazy("bought a gift")),
            ("posted-review", gettext_lazy("posted a review")),
            ("returned-goods", gettext_lazy("returned goods")),
        ),
    ),
    TemplateGroup(
        "purchases",
        gettext_lazy("Number of purchases"),
        (
            ("purchases:0", gettext_lazy("none yet")),
            ("purchases:1", gettext_lazy("one")),
            ("purchases:2-3", gettext_lazy("two or three")),
            ("purchases:4+", gettext_lazy("four or more")),
        ),
        exclusive=True,
    ),
)

TEMPLATES: Mapping[str, Sequence[TemplateGroup]] = {
    "education": EDUCATION,
    "ecommerce": ECOMMERCE,
}


class TagTemplateNotFound(errors.NotFound):
    """There is no such tag template."""


@transaction.atomic
def apply(*, community: Community, template: str, by: Staff, at: datetime) -> list[Tag]:
    """Create the missing groups and tags of a template; returns the new tags.

    Their names are in the language of `by`, who has seen them in it. Existing tags are left unchanged.
    """
    if template not in TEMPLATES:
        raise TagTemplateNotFound(
            _("There is no template “%(name)s”. Available templates: %(all)s.")
            % {"name": template, "all": ", ".join(TEMPLATES)}
        )
    with translation.override(by.language):
        return [
            tag
            for group in TEMPLATES[template]
            for tag in _create_missing_tags(community, group, by, at)
        ]


def _create_missing_tags(
    community: Community, template: TemplateGroup, by: Staff, at: datetime
) -> list[Tag]:
    # A template may be applied again after an update, and must not touch what staff
    # have changed.
    existing = library.find(community, [key for key, _name in template.tags])
    try:
        group = tag_groups.get_by_key(community, template.key)
    except tag_groups.TagGroupNotFound:
        group = tag_groups.create(
            community=community,
            key=template.key,
            name=str(template.name),
            exclusive=template.exclusive,
            naming=naming.NamingRule(
                pattern=template.pattern, guidance=str(template.guidance)
            ),
            by=by,
            at=at,
        )
    return [
        library.create(
            community=community, key=key, name=str(name), group=group, by=by, at=at
        )
        for key, name in template.tags
        if key not in existing
    ]
