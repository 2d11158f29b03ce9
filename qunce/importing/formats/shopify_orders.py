"""A Shopify order export: one row per line item, the order itself in the first of them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.importing.format_registry import DETAIL, FileFormat

FORMAT = FileFormat(
    label=_("a Shopify order export"),
    target="orders",
    recognised_by=(
        "Name",
        "Financial Status",
        "Paid at",
        "Lineitem name",
        "Lineitem price",
    ),
    fields={
        "Name": "order_key",
        "Email": "email",
        "Phone": "phone",
        "Billing Phone": "phone",
        "Shipping Phone": "phone",
        "Financial Status": "status",
        "Paid at": "paid_at",
        "Currency": "currency",
        "Total": "total",
        "Refunded Amount": "refunded_amount",
        "Lineitem quantity": "quantity",
        "Lineitem name": "item",
        "Lineitem price": "price",
        "Lineitem sku": "sku",
        "Subtotal": DETAIL,
        "Shipping": "shipping",
        "Taxes": "tax",
        "Discount Amount": "discount",
        "Created at": DETAIL,
        "Cancelled at": DETAIL,
        "Id": DETAIL,
        "Lineitem discount": DETAIL,
        "Outstanding Balance": DETAIL,
        "Tags": DETAIL,
    },
)
