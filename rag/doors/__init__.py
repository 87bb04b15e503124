"""Doors for other programs: REST, OpenAI's chat completions, and tools over MCP, all onto the same assistant.

A door parses, asks and renders. What is told on a fault is in `faults`, who is let in in `admission`, and how many
questions are answered at once in `desk`.
"""
