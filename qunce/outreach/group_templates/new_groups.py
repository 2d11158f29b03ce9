"""New groups from a template: their names by a pattern with a number, and their setup."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.channels import channel_contract
from qunce.core import errors, names, text_validation
from qunce.core.staff.models import Staff
from qunce.groups import groups, labels
from qunce.groups.groups import Group
from qunce.outreach.group_templates import applications, previews
from qunce.outreach.group_templates.models import (
    Application,
    ApplicationResult,
    GroupTemplate,
    ResultState,
)
from qunce.outreach.group_templates.previews import PreviewOutdated
from qunce.outreach.tasks import requests
from qunce.outreach.tasks.kinds.new_groups import NEW_GROUPS

PLACEHOLDER = "{n}"
MAX_NEW_GROUPS = 100
MAX_NUMBER = 999_999
MAX_PATTERN = 190
"""The number needs the rest of the 200 characters of a name."""


class InvalidPattern(errors.Invalid):
    """The names of new groups have one number, written {n}."""


@dataclass(frozen=True, kw_only=True)
class Numbering:
    """Names such as "Book club {n}", from a first to a last number."""

    pattern: str
    first: int
    last: int
    platform: str = "wecom"


@dataclass(frozen=True)
class NewGroup:
    """A group that would be created; `problem` says why it would not be."""

    name: str
    problem: str = ""


@dataclass(frozen=True)
class Plan:
    template: GroupTemplate
    numbering: Numbering
    groups: tuple[NewGroup, ...]

    @property
    def to_create(self) -> list[NewGroup]:
        return [group for group in self.groups if not group.problem]

    @cached_property
    def digest(self) -> str:
        shown = [
            self.template.pk,
            self.template.version,
            self.numbering.platform,
            [[group.name, group.problem] for group in self.groups],
        ]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


# Checks


def check_numbering(numbering: Numbering) -> None:
    """Raise InvalidPattern with the sentence that names the field and the remedy."""
    pattern = numbering.pattern
    rest = pattern.replace(PLACEHOLDER, "", 1)
    if PLACEHOLDER not in pattern or "{" in rest or "}" in rest:
        raise InvalidPattern(
            _(
                "The name needs {n} exactly once, in place of the number: "
                "“Book club {n}”."
            )
        )
    if len(pattern) > MAX_PATTERN or not text_validation.is_valid(pattern):
        raise InvalidPattern(
            _("The name can have at most %(n)s characters.") % {"n": MAX_PATTERN}
        )
    if not 0 <= numbering.first <= numbering.last <= MAX_NUMBER:
        raise InvalidPattern(
            _("The last number must not be smaller than the first, and at most %(n)s.")
            % {"n": f"{MAX_NUMBER:,}"}
        )
    if numbering.last - numbering.first >= MAX_NEW_GROUPS:
        raise InvalidPattern(
            _("At most %(n)s groups can be created at a time.") % {"n": MAX_NEW_GROUPS}
        )
    if numbering.platform not in labels.PLATFORMS:
        raise InvalidPattern(_("Choose the platform of the groups."))


def can_create_chats(platform: str) -> bool:
    """Whether a channel opens chats itself; no contract of a channel has that yet."""
    channels = {channel.name: channel for channel in channel_contract.list_channels()}
    channel = channels.get(platform)
    return bool(getattr(channel and channel.capabilities, "can_create_group", False))


def check_may_create(template: GroupTemplate, by: Staff) -> None:
    groups.check_may_create(by)
    applications.check_may_apply(template, by)


# Verbs


def plan(*, template: GroupTemplate, numbering: Numbering, by: Staff) -> Plan:
    """The names of the groups that would be created, and which of them exist already."""
    check_may_create(template, by)
    check_numbering(numbering)
    numbers = range(numbering.first, numbering.last + 1)
    wanted = [
        names.clean(numbering.pattern.replace(PLACEHOLDER, str(number)))
        for number in numbers
    ]
    taken = set()
    rows = Group.objects.filter(community=by.community)
    # The same name would be confused with it, although only keys have to be unique.
    rows = rows.filter(models.Q(key__in=wanted) | models.Q(name__in=wanted))
    for key, name in rows.values_list("key", "name"):
        taken |= {key, name}
    return Plan(
        template,
        numbering,
        tuple(
            NewGroup(
                name, _("There is a group with this name.") if name in taken else ""
            )
            for name in wanted
        ),
    )


def create(
    *,
    template: GroupTemplate,
    numbering: Numbering,
    digest: str,
    by: Staff,
    at: datetime,
    staff: Sequence[int] = (),
) -> Application:
    """Create the groups of a plan that was shown, each with the template's setup.

    With `staff`, these people get a task to open the chats under the names of the groups.
    """
    shown = plan(template=template, numbering=numbering, by=by)
    if shown.digest != digest:
        raise PreviewOutdated(
            _(
                "The template or the names that are free have changed since the preview. "
                "Nothing was created. Look at the preview again."
            )
        )
    if not shown.to_create:
        raise InvalidPattern(_("There are groups with all of these names already."))
    draft = _draft(shown, staff)
    if draft is not None:
        # Before the groups, so that a refusal creates nothing.
        requests.check(draft, by=by, at=at)
    application = applications.start(template, by, at)
    for new in shown.to_create:
        try:
            _create_group(application, new, numbering, by, at)
        except errors.QunceError as error:
            # Another request was faster; the others are created all the same.
            application.problems.append(f"{new.name}: {error}")
    application.save(update_fields=["problems"])
    if draft is not None:
        requests.create(draft=draft, by=by, at=at)
    return application


def _create_group(
    application: Application,
    new: NewGroup,
    numbering: Numbering,
    by: Staff,
    at: datetime,
) -> None:
    with transaction.atomic():
        group = groups.create(
            community=by.community,
            key=new.name,
            name=new.name,
            platform=numbering.platform,
            by=by,
            at=at,
        )
        (row,) = previews.load(application.template, [group], by, at).groups
        result = applications.apply_to_group(application, row, by, at)
        ApplicationResult.objects.filter(pk=result.pk).update(
            is_new_group=result.state == ResultState.DONE
        )


def _draft(shown: Plan, staff: Sequence[int]) -> requests.Draft | None:
    if not staff:
        return None
    platform = labels.label_of(labels.PLATFORMS, shown.numbering.platform)
    return requests.Draft(
        kind=NEW_GROUPS.key,
        title=_("Open %(n)s groups in %(platform)s")
        % {"n": len(shown.to_create), "platform": platform},
        staff=staff,
        text="\n".join(group.name for group in shown.to_create)[: requests.MAX_TEXT],
    )
