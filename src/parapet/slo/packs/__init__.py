"""Slices that many services share, one line each to adopt."""
