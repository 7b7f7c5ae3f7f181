"""What several use cases do within their transaction. No use case calls another."""
