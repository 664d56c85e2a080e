"""Wires Parapet into a host: reads its files, never imports it, and says what it found before it writes anything."""
