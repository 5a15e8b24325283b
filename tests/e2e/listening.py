"""A small HTTP server of a test's own."""

from collections.abc import Callable

from tests.serving import Loopback, QuietHandler


class Listener(Loopback):
    """It keeps every request, and answers what `answer` says.

    `answer` gets method, target and body; it gives status, content type and body, or None to close the
    connection without a word.
    """

    def __init__(self, answer: Callable[[str, str, bytes], tuple[int, str, bytes] | None]) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        seen = self.requests

        class Handler(QuietHandler):
            def handle_one(self) -> None:
                body = self.body()
                seen.append((self.command, self.path, body))
                found = answer(self.command, self.path, body)
                if found is None:
                    self.close_connection = True
                    return
                status, kind, content = found
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = handle_one  # noqa: N815 - http.server's own names

        super().__init__(Handler)
