"""What lies outside of the scheduler's own database."""
