"""`parapet doctor` and what it looks at more closely."""
