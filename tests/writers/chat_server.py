"""A server with the OpenAI chat API that says what a test wants."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = "editor-7b"
KEY = "secret"


@contextmanager
def chat_server(answer, key=""):
    """Yields the address of a server. `answer` gets the body of each request, and returns a text, or a status and a
    value."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if key and self.headers.get("Authorization") != f"Bearer {key}":
                return self.say(401, {"error": {"message": "wrong key"}})
            if body["model"] != MODEL:
                return self.say(404, {"error": {"message": f"model {body['model']!r} not found"}})
            found = answer(body)
            if isinstance(found, str):
                found = 200, {"choices": [{"message": {"role": "assistant", "content": found}}]}
            return self.say(*found)

        def say(self, status, value, headers=()):
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            for name, one in headers:
                self.send_header(name, one)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # a client that has left
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


def sentences_of(body) -> str:
    """The sentences that a request asks to be written."""
    return body["messages"][-1]["content"].partition("Sentences:\n")[2]
