"""All SQL of the gateway, by what it is about."""
