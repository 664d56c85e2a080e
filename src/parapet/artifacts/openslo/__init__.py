"""OpenSLO v1: what others promised becomes slices, and slices become documents that others read."""
