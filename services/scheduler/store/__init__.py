"""All SQL of the scheduler: `policies`, `customers`, `decisions`, `tasks`, `timed`, `waiting`, `calendars`."""
