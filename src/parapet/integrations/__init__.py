"""Doors to other people's libraries, one module each; the only guarded imports."""
