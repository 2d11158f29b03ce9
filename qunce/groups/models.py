from __future__ import annotations

from qunce.groups.registry import Group, Membership

__all__ = ["Group", "Membership"]
