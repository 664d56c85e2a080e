"""What we learned: retrospectives. Pure."""
