"""Everything that can change, by what it is about; each runs in its caller's transaction and never commits."""
