"""Message templates: texts by purpose, in variants that are compared by their results.

A template has one to four variants, A to D. Each new text of a variant is a version, and
versions never change, so that a result belongs to the text that was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import errors, names, permissions, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.insight.positioning import voice
from qunce.outreach.content import templates, variable_values
from qunce.outreach.content.files import MANAGE

LETTERS = "ABCD"
MAX_NOTES_LENGTH = 2_000


class Purpose(models.TextChoices):
    INVITE = "invite", pgettext_lazy("template", "invitation")
    RULES = "rules", pgettext_lazy("template", "group rules")
    WELCOME = "welcome", pgettext_lazy("template", "welcome")
    INTRODUCTION = "introduction", pgettext_lazy("template", "group introduction")
    ACTIVITY = "activity", pgettext_lazy("template", "activity")
    VALUE = "value", pgettext_lazy("template", "value")
    BRAND_STORY = "brand_story", pgettext_lazy("template", "brand story")
    CUSTOMER_CASE = "customer_case", pgettext_lazy("template", "customer case")


class Target(models.TextChoices):
    MEMBERS = "members", gettext_lazy("to members")
    GROUPS = "groups", gettext_lazy("to groups")


@personal_texts.erased_in("name", "notes")
class MessageTemplate(models.Model):
    """`variants` are the letters in use; those taken out keep their versions."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    target = models.CharField(
        max_length=10, choices=Target.choices, default=Target.MEMBERS
    )
    notes = models.TextField(default="", blank=True)
    variants = models.CharField(max_length=len(LETTERS), default="A")
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    archived_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_template"

    def __str__(self) -> str:
        return self.name

    @property
    def texts(self) -> dict[str, TemplateVersion]:
        """Variant in use → its newest version."""
        newest: dict[str, TemplateVersion] = {}
        for version in self.versions.all():
            newest[version.variant] = version
        return {letter: newest[letter] for letter in self.variants}


@personal_texts.erased_in("text", community="template__community_id")
class TemplateVersion(models.Model):
    template = models.ForeignKey(
        MessageTemplate, models.PROTECT, related_name="versions"
    )
    variant = models.CharField(max_length=1)
    number = models.PositiveIntegerField()
    text = models.TextField()
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_template_version"
        ordering = ["variant", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["template", "variant", "number"], name="one_text_per_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.variant}{self.number}"


@dataclass(frozen=True, kw_only=True)
class TemplateFact(facts.FactKind):
    """`template` is the id of the template."""

    template: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TemplateCreated(TemplateFact):
    kind = "template.created"
    label = gettext_lazy("message template created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TemplateChanged(TemplateFact):
    """`fields` has the letters of variants with a new text, too."""

    kind = "template.changed"
    label = gettext_lazy("message template changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TemplateArchived(TemplateFact):
    kind = "template.archived"
    label = gettext_lazy("message template archived")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TemplateRestored(TemplateFact):
    kind = "template.restored"
    label = gettext_lazy("message template restored")


class TemplateNotFound(errors.NotFound):
    """There is no such template in this community."""


class InvalidTemplate(errors.Invalid):
    """A template needs a name, a purpose and a text."""


# Checks


def check_visible(template: MessageTemplate, by: Staff) -> None:
    if template.community_id != by.community_id:
        raise TemplateNotFound(_("There is no such message template."))


def _check(template: MessageTemplate, texts: Mapping[str, str]) -> None:
    if not template.name or len(template.name) > 80:
        raise InvalidTemplate(_("A name must be 1 to 80 characters long."))
    for text in (template.name, template.notes):
        if templates.CONTROL_CHARACTERS.search(text):
            raise InvalidTemplate(
                _("The text contains a character that cannot be sent.")
            )
    if len(template.notes) > MAX_NOTES_LENGTH:
        raise InvalidTemplate(
            _("The notes can have at most %(most)s characters.")
            % {"most": f"{MAX_NOTES_LENGTH:,}"}
        )
    if template.purpose not in Purpose.values:
        raise InvalidTemplate(
            _("Choose a purpose: %(purposes)s.")
            % {"purposes": _(", ").join(str(each.label) for each in Purpose)}
        )
    if template.target not in Target.values:
        raise InvalidTemplate(_("A template is for either members or groups."))
    _check_texts(template, texts)


def _check_texts(template: MessageTemplate, texts: Mapping[str, str]) -> None:
    if not texts or set(texts) - set(LETTERS):
        raise InvalidTemplate(_("A template needs a text, and has at most four."))
    names_allowed = variable_values.list_variables(template.community, template.target)
    for letter, text in sorted(texts.items()):
        try:
            templates.check(text, names_allowed)
        except templates.InvalidText as error:
            if len(texts) == 1:
                raise
            raise templates.InvalidText(
                _("Variant %(letter)s: %(what)s") % {"letter": letter, "what": error}
            ) from None


def _check_voice(template: MessageTemplate, texts: Mapping[str, str]) -> None:
    voice.check(
        template.community,
        [
            (_("Variant %(letter)s") % {"letter": letter}, text)
            for letter, text in sorted(texts.items())
        ],
    )


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    name: str,
    purpose: str,
    texts: Mapping[str, str],
    by: Staff,
    at: datetime,
    target: str = Target.MEMBERS,
    notes: str = "",
) -> MessageTemplate:
    """Create a template; `texts` maps the letter of a variant to its text."""
    permissions.check_may(by, MANAGE)
    texts = _normalised(texts)
    template = MessageTemplate(
        community=community,
        name=names.clean(name),
        purpose=purpose,
        target=target,
        notes=templates.unify_line_ends(notes),
        variants="".join(sorted(texts)),
        created_at=at,
        changed_at=at,
        by=by,
    )
    _check(template, texts)
    _check_voice(template, texts)
    template.save()
    for letter, text in sorted(texts.items()):
        _add_version(template, letter, text, by, at)
    _record(TemplateCreated(template=template.pk), template, by, at)
    return template


@transaction.atomic
def update(
    *,
    template: MessageTemplate,
    by: Staff,
    at: datetime,
    texts: Mapping[str, str] | None = None,
    **fields: Any,
) -> list[str]:
    """Change fields, and with `texts` all variants; returns what has a new value.

    A variant that `texts` does not name is taken out of use.
    """
    permissions.check_may(by, MANAGE)
    check_visible(template, by)
    fresh = MessageTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)
    old = {letter: version.text for letter, version in fresh.texts.items()}
    new = old if texts is None else _normalised(texts)
    values = _clean(fields) | {"variants": "".join(sorted(new))}
    own = [name for name, value in values.items() if getattr(fresh, name) != value]
    written = [letter for letter, text in new.items() if old.get(letter) != text]
    if not own and not written:
        return []
    for name in own:
        setattr(fresh, name, values[name])
    _check(fresh, new)
    _check_voice(fresh, {letter: new[letter] for letter in written})
    for letter in written:
        _add_version(fresh, letter, new[letter], by, at)
    fresh.changed_at = at
    fresh.save(update_fields=[*own, "changed_at"])
    template.refresh_from_db()
    changed = sorted([*own, *written])
    _record(TemplateChanged(template=fresh.pk, fields=changed), fresh, by, at)
    return changed


@transaction.atomic
def archive(*, template: MessageTemplate, by: Staff, at: datetime) -> None:
    """Take a template out of use. Campaigns keep the text that they have."""
    _set_archived(template, at, by=by, at=at, fact=TemplateArchived)


@transaction.atomic
def restore(*, template: MessageTemplate, by: Staff, at: datetime) -> None:
    _set_archived(template, None, by=by, at=at, fact=TemplateRestored)


def _set_archived(
    template: MessageTemplate,
    value: datetime | None,
    *,
    by: Staff,
    at: datetime,
    fact: type[TemplateFact],
) -> None:
    permissions.check_may(by, MANAGE)
    check_visible(template, by)
    rows = MessageTemplate.objects.filter(
        pk=template.pk, archived_at__isnull=bool(value)
    )
    if rows.update(archived_at=value):
        template.refresh_from_db(fields=["archived_at"])
        _record(fact(template=template.pk), template, by, at)


def _add_version(
    template: MessageTemplate, variant: str, text: str, by: Staff, at: datetime
) -> None:
    number = template.versions.filter(variant=variant).count() + 1
    TemplateVersion.objects.create(
        template=template,
        variant=variant,
        number=number,
        text=text,
        created_at=at,
        by=by,
    )


def _normalised(texts: Mapping[str, str]) -> dict[str, str]:
    """Unify line ends; a text without anything in it is none."""
    return {
        letter: templates.unify_line_ends(text)
        for letter, text in sorted(texts.items())
        if text and text.strip()
    }


def _clean(fields: dict[str, Any]) -> dict[str, Any]:
    clean = dict(fields)
    if "name" in clean:
        clean["name"] = names.clean(clean["name"])
    if "notes" in clean:
        clean["notes"] = templates.unify_line_ends(clean["notes"])
    return clean


def _record(
    fact: facts.FactKind, template: MessageTemplate, by: Staff, at: datetime
) -> None:
    facts.record(fact, community=template.community, by=by, at=at)


# Reads


def list_visible(
    by: Staff, *, archived: bool = False
) -> models.QuerySet[MessageTemplate]:
    """The templates of the community with their texts, by purpose and name."""
    rows = MessageTemplate.objects.filter(
        community=by.community, archived_at__isnull=not archived
    )
    return (
        rows.select_related("community", "by")
        .prefetch_related("versions__by")
        .order_by("purpose", "name", "pk")
    )


def get(*, by: Staff, pk: int) -> MessageTemplate:
    try:
        rows = MessageTemplate.objects.select_related("community", "by")
        return rows.prefetch_related("versions__by").get(community=by.community, pk=pk)
    except MessageTemplate.DoesNotExist:
        raise TemplateNotFound(_("There is no such message template.")) from None


def version_with_text(
    version: TemplateVersion | None, text: str
) -> TemplateVersion | None:
    """The version if the text is still its own, else None: results are not mixed."""
    is_same = version is not None and version.text.strip() == text
    return version if is_same else None


def get_version(community: Community, pk: int) -> TemplateVersion:
    try:
        return TemplateVersion.objects.select_related("template").get(
            template__community=community, pk=pk
        )
    except TemplateVersion.DoesNotExist:
        raise TemplateNotFound(_("There is no such message template.")) from None
