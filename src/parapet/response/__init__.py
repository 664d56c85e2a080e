"""What may be done: runbooks. Pure."""
