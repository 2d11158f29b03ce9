"""The value layering: laid out by Qunce, and restated in DuckDB over raw facts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from bench import generate, rivals
from bench.generate import World
from bench.homes import Place


def laid_out(where: Place, world: World) -> list[str | None]:
    return [None] * world.accounts
