"""The language of the command line: our sentences by Django, argparse's by plain gettext."""

from __future__ import annotations

import gettext
import os

from django.conf import settings
from django.utils.translation import activate, gettext_noop, to_locale

ARGPARSE = (
    gettext_noop("usage: "),
    gettext_noop("positional arguments"),
    gettext_noop("options"),
    gettext_noop("show this help message and exit"),
    gettext_noop("the following arguments are required: %s"),
    gettext_noop("unrecognized arguments: %s"),
    gettext_noop("one of the arguments %s is required"),
    gettext_noop("not allowed with argument %s"),
    gettext_noop("expected one argument"),
    gettext_noop("argument %(argument_name)s: %(message)s"),
    gettext_noop("invalid %(type)s value: %(value)r"),
    gettext_noop("invalid choice: %(value)r (choose from %(choices)s)"),
)
"""What argparse says, so that it is translated in our catalogue as well."""


def speak(language: str) -> None:
    activate(language)
    # Plain gettext takes the language from the environment and nowhere else.
    os.environ["LANGUAGE"] = to_locale(language)
    gettext.bindtextdomain("django", settings.LOCALE_PATHS[0])
    gettext.textdomain("django")
