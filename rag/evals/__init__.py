"""How well questions are answered: question sets, measures, runs, comparisons. Imported by rag/__main__.py alone."""
