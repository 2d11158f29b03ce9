"""What a serving process writes to stderr: JSON for machines, or lines to read.

An exception is logged by its class and its place in the code without its message, which
may quote a name or a phone number. QUNCE_DEBUG shows all of it.
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
MAX_FRAMES = 30
"""Frames of a traceback that are logged, the innermost ones."""


def configure(log_format: str) -> None:
    is_debugging = bool(os.environ.get("QUNCE_DEBUG"))
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info if is_debugging else add_error_place,
    ]
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
    formatter = {"()": make_formatter, "log_format": log_format, "shared": shared}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"structured": formatter},
            "handlers": {
                "stderr": {"class": "logging.StreamHandler", "formatter": "structured"}
            },
            "root": {"handlers": ["stderr"], "level": "WARNING"},
            "loggers": {
                "qunce": {"level": "INFO" if log_format == "json" else "WARNING"},
                # Responses below 500 are in our own line.
                "django.request": {"level": "ERROR", "handlers": []},
            },
        }
    )


def make_formatter(*, log_format: str, shared: list[Processor]) -> logging.Formatter:
    last: Processor = structlog.dev.ConsoleRenderer(colors=False)
    if log_format == "json":
        last = structlog.processors.JSONRenderer(ensure_ascii=False)
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[drop, last]
    )


def add_error_place(
    _logger: WrappedLogger, _method: str, event: EventDict
) -> EventDict:
    """Replace an exception by its class and its frames, without its message."""
    exc_info: Any = event.pop("exc_info", None)
    if exc_info is True:
        exc_info = sys.exc_info()
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
        event["frames"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in frames
            if not frame.filename.startswith("<frozen")
        ]
    return event


class Gunicorn(glogging.Logger):  # type: ignore[misc]
    """Logs through our handler. Requests are not logged here but in our own lines."""

    def setup(self, cfg: object) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
