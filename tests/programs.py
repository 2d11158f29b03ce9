"""Installs the programs that tests run, where this user may.

    python -m tests.programs

It needs only the standard library, so that `make test` runs it beside pip.
"""

from __future__ import annotations

from tests import browser, debian, postgres, synapse_environment


def main() -> None:
    if debian.may_install():
        postgres.install()
        browser.install()
    synapse_environment.python()


if __name__ == "__main__":
    main()
