"""What the doctor looks for: one module per part of a host. Each check is a pure function of the facts."""
