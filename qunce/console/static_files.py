"""Style, script and pictures: named by their content once they have been collected."""

from __future__ import annotations

from whitenoise import storage


class Storage(storage.CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Before `serve` has collected them, as in tests, files go by their own names."""

    support_js_module_import_aggregation = True

    def stored_name(self, name: str) -> str:
        return str(super().stored_name(name)) if self.hashed_files else name
