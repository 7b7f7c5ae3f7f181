"""What HTTP says and hears: `requests`, `visits`, `questionnaires`."""
