"""The library's own schema history."""
