"""Import cycles. `members` and `outreach` have folders that know each other, so for
import-linter's folders-only contract this test stands in."""

from __future__ import annotations

import graphlib

import grimp


def test_modules_form_no_import_cycle() -> None:
    graph = grimp.build_graph("qunce", exclude_type_checking_imports=True)
    imports = {
        module: graph.find_modules_directly_imported_by(module)
        for module in graph.modules
    }
    order = list(graphlib.TopologicalSorter(imports).static_order())
    assert order.index("qunce.core.facts.facts") < order.index(
        "qunce.members.tags.library"
    )
