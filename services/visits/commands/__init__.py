"""What can change about visits, a file for each use, and in which order: lock → decide → save → publish. The edges commit."""
