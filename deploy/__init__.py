"""How Huifang runs: the local supervisor, the command line, containers and monitoring."""
