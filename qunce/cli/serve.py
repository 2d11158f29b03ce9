"""Serve the community on a port, and keep everything derived up to date"""

from __future__ import annotations

import argparse

from django.utils.translation import gettext as _

from qunce.cli import options, server
from qunce.cli.output import Out

add_arguments = server.add_arguments


def run(args: argparse.Namespace, out: Out) -> int:
    options.any_community(args)
    out.line(
        _("Serving on http://%(host)s:%(port)s/ until Ctrl-C.")
        % {"host": args.host, "port": args.port}
    )
    server.serve(args, work=True)
    return 0
