"""`qunce backup`: the primary database in one file."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from django.utils.translation import gettext as _

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import permissions
from qunce.core.backup import backups


@base.command("backup")
@base.argument("target", help=N_("a folder, or the file to write"))
@options.pass_invocation
def backup(invocation: Invocation, target: str) -> None:
    if invocation.is_by_staff:
        permissions.check_may(invocation.by, permissions.BACK_UP)
    path = Path(target)
    if path.is_dir():
        path /= f"qunce-{invocation.at:%Y%m%d-%H%M%S}.zip"
    elif path.exists():
        raise options.BadUsage(_("“%(file)s” already exists.") % {"file": path})
    path.parent.mkdir(parents=True, exist_ok=True)
    manifest = backups.create(path, at=invocation.at)
    facts = manifest.tables["core_fact"][0]
    invocation.out.answer(
        {
            "file": str(path),
            **dataclasses.asdict(manifest),
            "files": len(manifest.files),
        },
        _("%(facts)s facts and all other data were saved to %(file)s (%(size)s MB).")
        % {
            "facts": f"{facts:,}",
            "file": path,
            "size": f"{path.stat().st_size / 1e6:,.1f}",
        },
    )
