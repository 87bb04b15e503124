"""A small system that finds articles by the words they share with a question, for the tests of benchmarks/peers."""

import json
import re

from benchmarks.peers.speaking import serve


class WordPeer:
    packages = ()

    def __init__(self, place):
        self.how = {"passages": "whole articles", "store": "JSON", "sync": "anew", "search": "words"}
        self.file = place.store / "words.json"

    def load(self):
        print("a library that talks")  # noqa: T201 - as libraries do

    def index(self, articles):
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(json.dumps({article.id: sorted(words(article.text)) for article in articles}))
        return len(articles)

    def sync(self, articles):
        self.index(articles)

    def open(self, watch):
        self.kept = {name: set(found) for name, found in json.loads(self.file.read_text()).items()}
        self.words = watch.timed(words)

    def find(self, question):
        asked = self.words(question.text)
        return sorted(self.kept, key=lambda name: (-len(asked & self.kept[name]), name))


def words(text):
    return set(re.findall(r"\w+", text.lower()))


if __name__ == "__main__":
    serve(WordPeer)
