"""How long a test waits for what must come: however busy the machine is, only what never comes takes so long."""

PATIENCE = 300.0  # seconds
