"""Keeps the tokens of links out of Django's log, which names the path of each refusal."""

from __future__ import annotations

import logging

from qunce.members.personal_links import links

SECRET_PATHS = (links.TOKEN_PATH, "/l/")


class TokenFilter(logging.Filter):
    """Replaces what follows the paths of links in the arguments of a record."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(map(_without_token, record.args))
        return True


def _without_token(argument: object) -> object:
    for path in SECRET_PATHS:
        if isinstance(argument, str) and argument.startswith(path):
            return f"{path}…"
    return argument


def install() -> None:
    logging.getLogger("django.request").addFilter(TokenFilter())
