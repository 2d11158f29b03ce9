"""S6: lines for machines, in which nobody is named."""

from __future__ import annotations

import json
import subprocess
import sys

from django.conf import settings

SAY = """
import logging, sys
import structlog
from qunce.cli import logs
logs.begin(sys.argv[1])
try:
    raise ValueError("Ann, 13800001111")
except ValueError:
    logging.getLogger("qunce.schedule").exception("duty %s failed", "send 7")
structlog.get_logger("qunce.request").info("request", status=200)
"""


def said(how: str, **more: str) -> str:
    env = {"QUNCE_HOME": str(settings.HOME), "PATH": "", **more}
    env["DJANGO_SETTINGS_MODULE"] = "qunce.settings"
    done = subprocess.run(
        [sys.executable, "-c", SAY, how], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_an_error_is_told_by_its_kind_and_place_without_its_message() -> None:
    error, request = map(json.loads, said("json").splitlines())
    assert error["event"] == "duty send 7 failed"
    assert (error["level"], error["error"]) == ("error", "ValueError")
    assert error["frames"] == ["<string>:7 <module>"]
    assert "13800001111" not in json.dumps(error)
    assert (request["event"], request["status"]) == ("request", 200)


def test_it_tells_all_of_it_to_who_debugs() -> None:
    assert "13800001111" in said("json", QUNCE_DEBUG="1")


def test_a_terminal_gets_only_what_is_wrong() -> None:
    text = said("plain")
    assert "duty send 7 failed" in text
    assert "request" not in text
