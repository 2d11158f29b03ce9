"""The metrics, by subject. Importing a module declares its metrics."""
