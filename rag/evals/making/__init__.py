"""Question sets from the user's own articles, by rule: `python -m rag eval make`."""
