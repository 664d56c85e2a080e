"""Commands that work on the host's files: install, uninstall, upgrade."""
