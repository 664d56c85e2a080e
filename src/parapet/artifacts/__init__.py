"""From definitions to the text that Prometheus, Alertmanager and Grafana run. Writes no file by itself."""
