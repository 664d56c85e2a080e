"""What templates are given: frozen values, built by pure functions from what the loop knows."""
