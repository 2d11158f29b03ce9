"""What other libraries say of `samples.people()`."""

from __future__ import annotations

TEA_TASTING = {
    "spend": (4.811428571428571, 0.5424451038678473),
    "cuped": (4.382750072066884, 0.57643289705862),
}
"""Difference and statistic."""
GBSTATS = {
    "spend": (4.811428571428571, 0.5424451038678473),
    "spend planned 4": (-23.246399024634165, 32.86925616749131),
    "spend planned 9": (-22.110702513087674, 31.733559655944816),
    "cuped": (4.382750072066877, 0.5764328970586191),
    "cuped planned 4": (-19.392994604197717, 28.15849474833147),
    "cuped planned 9": (-18.738179403518757, 27.50367954765251),
}
"""Difference and statistic, and both ends of sequential intervals by the planned error."""
