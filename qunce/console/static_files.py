"""Storage of the console's stylesheets, scripts and images."""

from __future__ import annotations

from whitenoise import storage


class Storage(storage.CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names files by their content hash once `serve` has collected them.

    Before that, as in tests, files keep their own names.
    """

    support_js_module_import_aggregation = True

    def stored_name(self, name: str) -> str:
        return str(super().stored_name(name)) if self.hashed_files else name
