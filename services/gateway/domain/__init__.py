"""The rules of intake and write-back: what is a fact, which fact is new, what goes back to the sender."""
