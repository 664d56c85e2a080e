"""The doctor: looks at one host and says what will hurt. It changes nothing."""
