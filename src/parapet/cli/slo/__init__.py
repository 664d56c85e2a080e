"""`parapet slo`: promises looked at from a terminal."""
