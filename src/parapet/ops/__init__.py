"""The verbs: each does one transaction and returns a value."""
