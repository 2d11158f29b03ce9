from __future__ import annotations

from qunce.groups.groups import Group, Membership

__all__ = ["Group", "Membership"]
