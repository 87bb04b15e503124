"""What a passage answers: a small model marks the span, says how sure it is, and orders passages by it."""
