"""Answers written by a language model, under the same law as those that are read: a quote behind each sentence."""
