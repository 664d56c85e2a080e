"""The JSON API: what people do in the workbench, for scripts. Said once, in `table`; documented from that."""
