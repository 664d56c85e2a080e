"""From what happened to bounded metrics: the hot path. Knows nothing of objectives, storage or the web."""
