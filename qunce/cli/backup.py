"""Back up the primary database to one file while Qunce keeps running"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from django.utils.translation import gettext as _

from qunce.cli import options
from qunce.cli.output import Out
from qunce.core import permissions
from qunce.core.backup import backups

BACK_UP = permissions.declare("settings.backup")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", help=_("a folder, or the file to write"))


def run(args: argparse.Namespace, out: Out) -> int:
    if args.login:
        permissions.check_may(options.staff(args, options.community(args)), BACK_UP)
    target = Path(args.target)
    if target.is_dir():
        target /= f"qunce-{args.at:%Y%m%d-%H%M%S}.zip"
    elif target.exists():
        raise options.BadUsage(_("“%(file)s” already exists.") % {"file": target})
    target.parent.mkdir(parents=True, exist_ok=True)
    manifest = backups.write(target, at=args.at)
    facts = manifest.tables["core_fact"][0]
    out.answer(
        {"file": str(target), **dataclasses.asdict(manifest)},
        _("%(facts)s facts and all other data were saved to %(file)s (%(size)s MB).")
        % {
            "facts": f"{facts:,}",
            "file": target,
            "size": f"{target.stat().st_size / 1e6:,.1f}",
        },
    )
    return 0
