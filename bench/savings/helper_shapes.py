"""The client's side calls: one message, no cache marks."""
import json

from shapes import Conversation, Shape, dumps, text


class HelperBodies:
    def __init__(self, identity):
        self.title_shape, self.search_shape = Shape("title", identity), Shape("web_search", identity)

    def title(self, model, prompt):
        words = f"<session>\n{prompt[:400]}\n</session>\n\nWrite a title for this session. " + "lorem ipsum dolor " * 10
        return self.title_shape, self._one(self.title_shape, model, words)

    def search(self, model, query):
        return self.search_shape, self._one(self.search_shape, model, f"Perform a web search for the query: {query}")

    def fetch(self, model, page):
        shape = Shape("web_search", self.search_shape.identity)
        rest = json.loads("{" + shape.rest)
        rest["tools"] = []
        del rest["tool_choice"]
        rest["system"] = rest["system"][:2]
        shape.rest = dumps(rest)[1:]
        return shape, self._one(shape, model, f"\nWeb page content:\n---\n{page}\n---\n\nSummarise what matters for the task.\n")

    @staticmethod
    def _one(shape, model, words):
        return Conversation(shape)._join(model, [dumps({"role": "user", "content": [text(words)]})])
