"""How charts look: sizes, font, colours and dashes."""

from __future__ import annotations

from collections.abc import Sequence

PLOT_HEIGHT = 176
"""In pixels. The width is that of the container."""
MAX_LABEL_WIDTH = 112
"""Pixels for the name of a series, to the right of the plot."""
FONT = "PingFang SC, Noto Sans SC, Noto Sans CJK SC, Microsoft YaHei, system-ui, sans-serif"
SERIES_COLOURS = ("accent", "info", "warn", "bad", "good", "ink-soft")
DASHES: Sequence[Sequence[int]] = ([], [7, 3], [2, 3], [9, 3, 2, 3], [1, 5])
"""Lines of the same colour differ by their dashes: thirty series look different."""
