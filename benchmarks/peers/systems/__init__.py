"""One module for each system. None imports another, and each runs in the environment of its system alone."""
