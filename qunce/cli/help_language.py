"""The language of the command line.

Help is printed before Django is loaded, so it is translated by Python's own gettext,
from the same catalogue. Click translates its sentences the same way.
"""

from __future__ import annotations

import gettext
import os
from collections.abc import Sequence
from pathlib import Path

from django.apps import apps
from django.utils import translation

LANGUAGES = {"zh": "zh-hans", "en": "en"}
"""Values of `--lang` → language codes of Django."""
LOCALE_FOLDER = Path(__file__).parents[1] / "locale"


def N_(message: str) -> str:
    """Mark a message for the catalogue; it is translated when it is printed."""
    return message


def ngettext(singular: str, plural: str) -> tuple[str, str]:
    """Mark a message with a plural, as `N_` does."""
    return singular, plural


CLICK_MESSAGES = (
    N_("Usage:"),
    N_("[OPTIONS]"),
    N_("COMMAND [ARGS]..."),
    N_("Positional arguments"),
    N_("Commands"),
    N_("default: {default}"),
    N_("required"),
    N_("Error: {message}"),
    N_("Missing command."),
    N_("Missing argument"),
    N_("Missing option"),
    N_("Missing parameter"),
    N_("Missing {param_type}"),
    N_("No such command {name!r}."),
    N_("No such option {name!r}."),
    N_("Option {name!r} does not take a value."),
    N_("Invalid value: {message}"),
    N_("Invalid value for {param_hint}: {message}"),
    N_("{value!r} is not a valid {number_type}."),
    N_("{value} is not in the range {range}."),
    N_("Choose from:\n\t{choices}"),
    N_("Couldn't detect Bash version, shell completion is not supported."),
)
"""What click prints to users, listed here so that our catalogue translates it."""
CLICK_PLURALS = (
    ngettext("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    ngettext(
        "Got unexpected extra argument ({args})",
        "Got unexpected extra arguments ({args})",
    ),
    ngettext(
        "Option {name!r} requires an argument.",
        "Option {name!r} requires {nargs} arguments.",
    ),
    ngettext("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
)


def requested_language(words: Sequence[str]) -> str | None:
    """Return the language of the last `--lang`, else of the environment, else None."""
    remaining = [*words]
    while remaining:
        word = remaining.pop()
        if word.startswith("--lang="):
            return LANGUAGES.get(word.removeprefix("--lang="))
        # From the end, because the last of several options counts.
        if remaining[-1:] == ["--lang"]:
            return LANGUAGES.get(word)
    for variable in ("QUNCE_LANG", "LC_ALL", "LANG"):
        language = LANGUAGES.get(os.environ.get(variable, "")[:2].lower())
        if language:
            return language
    return None


_active = "en"


def activate(language: str) -> None:
    """Switch help, click's sentences and, once it is loaded, Django to a language."""
    global _active
    _active = language
    # Python's gettext reads the language from the environment and from nowhere else.
    os.environ["LANGUAGE"] = translation.to_locale(language)
    gettext.bindtextdomain("django", LOCALE_FOLDER)
    gettext.textdomain("django")
    if apps.ready:
        translation.activate(language)


def activate_in_django() -> None:
    """Repeat the last `activate` for a Django that was loaded after it."""
    translation.activate(_active)
