"""How articles are brought in: each source scans for what is there and reads it into an Article."""
