"""How a question walks through, and how well."""
