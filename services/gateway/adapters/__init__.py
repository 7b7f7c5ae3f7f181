"""Files and receivers outside the platform."""
