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
from django.utils.translation import gettext_noop, ngettext_lazy

LANGUAGES = {"zh": "zh-hans", "en": "en"}
"""Values of `--lang` → language codes of Django."""
LOCALE_FOLDER = Path(__file__).parents[1] / "locale"

CLICK_MESSAGES = (
    gettext_noop("Usage:"),
    gettext_noop("[OPTIONS]"),
    gettext_noop("COMMAND [ARGS]..."),
    gettext_noop("Positional arguments"),
    gettext_noop("Commands"),
    gettext_noop("default: {default}"),
    gettext_noop("required"),
    gettext_noop("Error: {message}"),
    gettext_noop("Missing command."),
    gettext_noop("Missing argument"),
    gettext_noop("Missing option"),
    gettext_noop("Missing parameter"),
    gettext_noop("Missing {param_type}"),
    gettext_noop("No such command {name!r}."),
    gettext_noop("No such option {name!r}."),
    gettext_noop("Option {name!r} does not take a value."),
    gettext_noop("Invalid value: {message}"),
    gettext_noop("Invalid value for {param_hint}: {message}"),
    gettext_noop("{value!r} is not a valid {number_type}."),
    gettext_noop("{value} is not in the range {range}."),
    gettext_noop("Choose from:\n\t{choices}"),
    gettext_noop(
        "Couldn't detect Bash version, shell completion is not supported."
    ),
)
"""What click prints to users, listed here so that our catalogue translates it."""
CLICK_PLURALS = (
    ngettext_lazy(
        "Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"
    ),
    ngettext_lazy(
        "Got unexpected extra argument ({args})",
        "Got unexpected extra arguments ({args})",
    ),
    ngettext_lazy(
        "Option {name!r} requires an argument.",
        "Option {name!r} requires {nargs} arguments.",
    ),
    ngettext_lazy("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
)


def requested_language(words: Sequence[str]) -> str | None:
    """Return the language of the last `--lang`, else of the environment, else None."""
    remaining = [*words]
    while remaining:
        word = remaining.pop()
        if word.startswith("--lang="):
            return LANGUAGES.get(word.removeprefix("--lang="))
        if remaining[-1:] == ["--lang"]:
            return LANGUAGES.get(word)
    for variable in ("QUNCE_LANG", "LC_ALL", "LANG"):
        language = LANGUAGES.get(os.environ.get(variable, "")[:2].lower())
        if language:
            return language
    return None


def active_language() -> str:
    return "en" if os.environ.get("LANGUAGE") == "en" else "zh-hans"


def activate(language: str) -> None:
    """Switch help, click's sentences and, once it is loaded, Django to a language."""
    # Python's gettext reads the language from the environment and from nowhere else.
    os.environ["LANGUAGE"] = translation.to_locale(language)
    gettext.bindtextdomain("django", LOCALE_FOLDER)
    gettext.textdomain("django")
    if apps.ready:
        translation.activate(language)
