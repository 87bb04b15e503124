"""What Footnote promises, proved: `python -m proofs`. Each proof kills, damages, crowds or starves its own store."""
