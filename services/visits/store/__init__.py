"""All SQL of visits: `rows` (writing and locking), `claims`, `queries` (reading), `questionnaires`."""
