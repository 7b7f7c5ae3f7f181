"""What can change, a file for each: from `decide` on facts to `release` of tasks; `desk` holds the compiled policies."""
