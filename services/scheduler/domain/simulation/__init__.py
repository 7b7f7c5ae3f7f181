"""The rules run without a platform: a pack's tests, and trial runs on recorded facts."""
