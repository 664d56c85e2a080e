"""What the doctor knows of a host: one module per kind of fact. They read, and judge nothing."""
