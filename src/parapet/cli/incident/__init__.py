"""`parapet incident`: read and work on incidents from a terminal, with the same verbs as the workbench."""
