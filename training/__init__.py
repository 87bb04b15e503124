"""How the weights of the reader are made from question sets: `python -m training.reader`, then score and export."""
