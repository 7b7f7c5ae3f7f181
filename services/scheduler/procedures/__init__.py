"""What several use cases do within their transaction: decide, announce, take back, call reserves. No use case calls another."""
