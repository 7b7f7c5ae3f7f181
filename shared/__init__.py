"""What the services have in common: contracts, messaging core, HTTP skeleton, clock, calendar, security."""
