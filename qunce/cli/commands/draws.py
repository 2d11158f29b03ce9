"""`qunce draws`: verify a certificate, and write one to a file."""

from __future__ import annotations

from pathlib import Path

import click
from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.draws import certificates, verifier
from qunce.activities.draws import draws as draw_verbs
from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.cli.output import Out

MAX_BYTES = 500_000_000

draws = base.Group("draws")


@draws.command(
    "verify", help=N_("Verify the certificate of a draw, without Qunce's data")
)
@base.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=N_("certificate that was downloaded"),
)
def verify(file: Path) -> None:
    # Of no community and no home, so that anybody can run it anywhere.
    common = click.get_current_context().ensure_object(base.CommonOptions)
    out = Out(as_json=common.json)
    if file.stat().st_size > MAX_BYTES:
        raise click.ClickException(_("The file is too large for a certificate."))
    try:
        text = file.read_bytes().decode()
    except UnicodeDecodeError:
        wrong = ["file"]
    else:
        wrong = verifier.verify(text)
    row = {"file": str(file), "wrong": wrong}
    if not wrong:
        out.answer(row, _("Right: the winners follow from the certificate."))
        return
    parts = ", ".join(wrong)
    out.answer(row, _("Wrong: %(parts)s") % {"parts": parts})
    raise click.exceptions.Exit(1)


@draws.command("certificate", help=N_("Write the certificate of a draw to a file"))
@base.argument("activity", type=int, help=N_("number of the activity"))
@base.argument(
    "file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help=N_("file to write"),
)
@options.pass_invocation
def certificate(invocation: Invocation, activity: int, file: Path) -> None:
    found = activities.get(by=invocation.by, pk=activity)
    draw = draw_verbs.get_visible(activity=found, by=invocation.by)
    file.write_text(certificates.to_text(draw), encoding="utf-8", newline="")
    row = {"activity": activity, "file": str(file), "tickets": draw.tickets_count}
    invocation.out.answer(row, _("Written to %(file)s.") % {"file": file})
