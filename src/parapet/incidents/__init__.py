"""What went wrong: alerts, episodes, correlation, transitions. Pure; takes `now` as an argument."""
