"""How many random cases run: a share in `make test`, many more in `make exact`."""

from __future__ import annotations

import os

IS_EXACT = os.environ.get("HYPOTHESIS_PROFILE") == "long"
