"""Serve the community on a port and leave the work to `qunce worker`"""

from __future__ import annotations

import argparse

from django.utils.translation import gettext as _

from qunce.cli import options, server
from qunce.cli.output import Out

add_arguments = server.add_arguments


def run(args: argparse.Namespace, out: Out) -> int:
    options.any_community(args)
    out.line(
        _("Serving on http://%(host)s:%(port)s/ until Ctrl-C, without background work.")
        % {"host": args.host, "port": args.port}
    )
    server.serve(args, work=False)
    return 0
