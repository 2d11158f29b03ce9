"""An audience export of Mailchimp; that of unsubscribed contacts has opt-outs."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.importing.format_registry import ATTRIBUTE, SKIP, FileFormat

FORMAT = FileFormat(
    label=_("a Mailchimp audience export"),
    target="members",
    recognised_by=(
        "Email Address",
        "MEMBER_RATING",
        "LEID",
    ),
    fields={
        "Email Address": "email",
        "Phone Number": "phone",
        "First Name": "name",
        "Last Name": ATTRIBUTE,
        "Birthday": ATTRIBUTE,
        "TAGS": "tags",
        "OPTIN_TIME": "joined_at",
        "CONFIRM_TIME": "joined_at",
        "UNSUB_TIME": "opted_out_at",
        "MEMBER_RATING": ATTRIBUTE,
        "Address": ATTRIBUTE,
        "OPTIN_IP": SKIP,
        "CONFIRM_IP": SKIP,
        "LATITUDE": SKIP,
        "LONGITUDE": SKIP,
        "GMTOFF": SKIP,
        "DSTOFF": SKIP,
        "TIMEZONE": ATTRIBUTE,
        "CC": ATTRIBUTE,
        "REGION": ATTRIBUTE,
        "LAST_CHANGED": SKIP,
        "LEID": SKIP,
        "EUID": SKIP,
        "NOTES": SKIP,
        "UNSUB_CAMPAIGN_TITLE": SKIP,
        "UNSUB_CAMPAIGN_ID": SKIP,
        "UNSUB_REASON": SKIP,
        "UNSUB_REASON_OTHER": SKIP,
    },
)
