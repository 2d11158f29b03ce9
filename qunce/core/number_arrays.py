"""Arrays of whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def unique(numbers: NDArray[Any]) -> NDArray[Any]:
    """The different numbers in ascending order, shape (n,).

    From version 2.3 on, np.unique hashes integers. Of a million different ones that takes
    twenty times as long as to sort them.
    """
    ordered = np.sort(numbers, axis=None)
    is_new = np.ones(len(ordered), dtype=bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_new]
