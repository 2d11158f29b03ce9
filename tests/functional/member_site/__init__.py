"""Activities at a site for the walk of a member; run it as a module.

It answers each line of JSON on its input with another: `{"do": "open"}` starts a check-in
and a draw with a member of their own, and the other words do what staff do in between.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cli.runner import environment
from tests.functional import clocked_site


@contextmanager
def running(home: Path) -> Iterator[Any]:
    """A function `ask(do, **values)` that has it done in the home of a site."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.functional.member_site"],
        env=environment(home),
        cwd=clocked_site.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        output = process.stdout
        given = process.stdin

        def ask(do: str, **values: Any) -> Any:
            given.write(json.dumps({"do": do, **values}) + "\n")
            given.flush()
            line = output.readline()
            assert line, f"the site has ended after {do}"
            return json.loads(line)

        yield ask
        given.close()
