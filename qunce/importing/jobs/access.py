"""Checks of who may import files, and write what they contain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import permissions
from qunce.core.staff import api_keys
from qunce.core.staff.models import Staff
from qunce.importing import target_registry
from qunce.importing.plan.options import CREATE, ImportOptions

if TYPE_CHECKING:
    from qunce.importing.jobs.jobs import ImportJob
    from qunce.importing.jobs.uploads import Upload

IMPORT = permissions.declare(
    "members.import",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("import files"),
)


def check_may_import(by: Staff, thing: ImportJob | Upload | None = None) -> None:
    """Raise unless `by` may import files, which needs to see the whole community.

    `thing` is an import or a file of theirs.
    """
    if thing is not None:
        permissions.check_community(by, thing.community_id)
    permissions.check_unscoped(
        by,
        _("Your scope covers only some of the members, but a file may contain others."),
    )
    permissions.check_may(by, IMPORT)


def check_may_write(by: Staff, options: ImportOptions) -> None:
    """Raise unless `by` may import files, and write what such a file writes."""
    check_may_import(by)
    fields = [field for field in options.mapping.values() if field]
    target_registry.get(options.target).check_access(by, fields)
    if options.unknown_members == CREATE:
        _check_may_create_members(by)


def _check_may_create_members(by: Staff) -> None:
    if by.key_scopes is not None and "members:write" not in by.key_scopes:
        raise api_keys.MissingScope(
            _(
                "A file may name unknown members. To create them, this API key needs the"
                " scope members:write. To leave them out, send “leave” as"
                " “unknown_members”."
            )
        )


def may_import(by: Staff) -> bool:
    try:
        check_may_import(by)
    except permissions.NotAllowed:
        return False
    return True
