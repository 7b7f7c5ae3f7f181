"""All SQL of the scheduler, a file for each thing that is kept; `rows` is what they share."""
