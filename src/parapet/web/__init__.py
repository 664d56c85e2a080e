"""Doors for people and machines: workbench, webhook, metrics. Denies by default."""
