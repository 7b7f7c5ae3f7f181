"""What can change: one function for each use case. What several of them do is a procedure."""
