"""Doors for terminals."""
