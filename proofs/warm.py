"""Imported by the server that children are forked from: all that a run needs, loaded once. It opens no database."""

import chromadb  # noqa: F401
import filelock  # noqa: F401
import py3langid

import index.check
import index.search
import index.sources.reading
import index.sync  # noqa: F401
import proofs.children
import proofs.pictures  # noqa: F401

py3langid.classify("The model of languages takes a third of a second to load.")
