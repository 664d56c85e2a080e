"""What must hold: objectives, slices, burn arithmetic and the catalog. Pure; no I/O, no metrics, no storage."""
