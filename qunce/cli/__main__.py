from __future__ import annotations

import sys

from qunce.cli import main

if __name__ == "__main__":
    sys.exit(main.main())
