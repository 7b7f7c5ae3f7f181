"""All SQL of notifications, by what it is about; rows come and go as domain values."""
