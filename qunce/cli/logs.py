"""What a serving process writes to stderr: JSON for machines, or lines to read.

What went wrong is told by its kind and where in the code, not by its message: that may
quote a name or a phone number. QUNCE_DEBUG shows all of it.
"""

from __future__ import annotations

import logging.config
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

import structlog
from gunicorn import glogging

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

FORMATS = ("json", "plain")
DEEPEST = 30
"""Frames of a traceback that are told, the innermost ones."""


def begin(how: str) -> None:
    shared = _shared()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"one": {"()": _formatter, "how": how, "shared": shared}},
            "handlers": {
                "stderr": {"class": "logging.StreamHandler", "formatter": "one"}
            },
            "root": {"handlers": ["stderr"], "level": "WARNING"},
            "loggers": {
                "qunce": {"level": "INFO" if how == "json" else "WARNING"},
                # Answers below 500 are in our own line.
                "django.request": {"level": "ERROR", "handlers": []},
            },
        }
    )


def _formatter(*, how: str, shared: list[Processor]) -> logging.Formatter:
    last: Processor = structlog.dev.ConsoleRenderer(colors=False)
    if how == "json":
        last = structlog.processors.JSONRenderer(ensure_ascii=False)
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[drop, last]
    )


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info if _in_full() else where,
    ]


def _in_full() -> bool:
    return bool(os.environ.get("QUNCE_DEBUG"))


def where(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Of an exception its kind and its frames; the request it was in goes too."""
    told: Any = event.pop("exc_info", None)
    if told is True:
        told = sys.exc_info()
    error = told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)[-DEEPEST:]
        event["frames"] = [
            f"{at.filename}:{at.lineno} {at.name}"
            for at in frames
            if not at.filename.startswith("<frozen")
        ]
    return event


class Gunicorn(glogging.Logger):  # type: ignore[misc]
    """Through our handler, like everything else; requests are in our own lines."""

    def setup(self, cfg: object) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
