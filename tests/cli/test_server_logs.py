"""S6: logs are lines of JSON without personal data."""

from __future__ import annotations

import json
import subprocess
import sys

from django.conf import settings

LOG = """
import logging, sys
import structlog
from qunce.cli import server_logs
server_logs.configure(sys.argv[1])
try:
    raise ValueError("Ann, 13800001111")
except ValueError:
    logging.getLogger("qunce.schedule").exception("job %s failed", "send 7")
structlog.get_logger("qunce.request").info("request", status=200)
"""


def logged(log_format: str, **more: str) -> str:
    env = {"QUNCE_HOME": str(settings.HOME), "PATH": "", **more}
    env["DJANGO_SETTINGS_MODULE"] = "qunce.settings"
    done = subprocess.run(
        [sys.executable, "-c", LOG, log_format], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_error_is_logged_by_class_and_place_without_its_message() -> None:
    error, request = map(json.loads, logged("json").splitlines())
    assert error["event"] == "job send 7 failed"
    assert (error["level"], error["error"]) == ("error", "ValueError")
    assert error["frames"] == ["<string>:7 <module>"]
    assert "13800001111" not in json.dumps(error)
    assert (request["event"], request["status"]) == ("request", 200)


def test_message_is_logged_when_debugging() -> None:
    assert "13800001111" in logged("json", QUNCE_DEBUG="1")


def test_terminal_shows_only_errors() -> None:
    text = logged("plain")
    assert "job send 7 failed" in text
    assert "request" not in text
