"""What verbs of orders answer to whom, as in `answers`."""

from __future__ import annotations

ANSWERS: dict[str, str] = {
    # Answers hold what the asker sees, of their own community.
    "aaaaaaaaa": """
        sales.order_list.sales
    """,
    # About a member, or an order, note or batch of one.
    "aaaaanana": """
        sales.order_list.get
        sales.order_list.page
        sales.order_list.totals
    """,
    # Operators and managers, about members whom they see.
    "rraaanana": """
        sales.orders.amend
        sales.orders.refund
        sales.orders.refund_order
        sales.orders.refund_up_to
    """,
    # The seen member has no such phone; nobody with a scope records new orders.
    "rraaanann": """
        sales.orders.record_payment
    """,
    # Exports hold what the asker sees.
    "rrraaaaaa": """
        sales.order_export.start
    """,
}
