"""How an article walks in, and what can be found. Never imports rag."""
