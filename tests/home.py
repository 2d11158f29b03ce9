"""Gives each test process its own QUNCE_HOME.

Loaded by `-p tests.home` in pyproject.toml: pytest-django reads the settings
before any conftest, and the settings read QUNCE_HOME.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
HOME = tempfile.mkdtemp(prefix=f"qunce-{WORKER}-")
os.environ["QUNCE_HOME"] = HOME
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
