"""Do the work that goes on by itself: counting, imports, sends, the clock's duties"""

from __future__ import annotations

import argparse

from django.utils.translation import gettext as _

from qunce.cli import options, server
from qunce.cli.output import Out

add_arguments = server.add_log


def run(args: argparse.Namespace, out: Out) -> int:
    options.any_community(args)
    out.line(_("Background work is running until Ctrl-C."))
    server.work(args)
    return 0
