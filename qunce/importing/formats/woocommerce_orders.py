"""A WooCommerce order export of the extension for orders and customers."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.importing.format_registry import DETAIL, FileFormat

FORMAT = FileFormat(
    label=_("a WooCommerce order export"),
    target="orders",
    recognised_by=(
        "order_number",
        "status",
        "order_total",
        "billing_email",
    ),
    fields={
        "order_number": "order_key",
        "customer_email": "email",
        "billing_email": "email",
        "billing_phone": "phone",
        "status": "status",
        "paid_date": "paid_at",
        "date_paid": "paid_at",
        "order_date": "paid_at",
        "order_currency": "currency",
        "order_total": "total",
        "refunded_total": "refunded_amount",
        "item_sku": "sku",
        "item_name": "item",
        "item_quantity": "quantity",
        "item_total": "line_amount",
        "line_items": "items",
        "order_id": DETAIL,
        "order_subtotal": DETAIL,
        "shipping_total": "shipping",
        "discount_total": "discount",
        "customer_id": DETAIL,
        "customer_user": DETAIL,
        "item_subtotal": DETAIL,
        "item_price": DETAIL,
    },
)
