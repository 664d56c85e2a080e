"""Definitions to Grafana dashboards, for people who look rather than read. Needs the extra `grafana`."""
