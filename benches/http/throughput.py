#!/usr/bin/env python3
"""What is won by asking a transcription server for several segments at once (`transcribe.requests`): 1, 2, 4 and 8.

`./dev bench http` runs it: `hansard transcribe` of one recording, from the program's start to its end, its segments sent to a
server on this machine. *waiting* answers each request after a fixed time, however many it has, as one with many graphics cards
would: what it gives with 8 is what the program itself allows. *faster-whisper* is a real one, faster-whisper-server on the
weights of Hansard's own model.

Told are seconds of sound a second, how much that is of what one at a time gives, and the most that were under way at once.
"""

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PEERS = ROOT / ".dev" / "peers"
sys.path.insert(0, str(HERE.parent / "accuracy"))
AT_ONCE = (1, 2, 4, 8)
START_S = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench http", description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, nargs="+", default=AT_ONCE, metavar="N", help="at once (default 1 2 4 8)")
    parser.add_argument("--seconds", type=float, default=0.5, help="that the waiting server takes for each (default 0.5)")
    parser.add_argument("--recording", default="mixed-0", metavar="NAME", help="one of the accuracy suite (default mixed-0)")
    parser.add_argument("--no-real", action="store_true", help="the waiting server alone")
    parser.add_argument("--binary", default=os.environ.get("HANSARD_BINARY"))
    parser.add_argument("--server", default=str(PEERS / "bin" / "faster-whisper-server"), help="the real one")
    parser.add_argument("--ct2", default=str(PEERS / "base"), help="folder of its model")
    parser.add_argument("--save", metavar="FILE", help="all figures as JSON")
    arguments = parser.parse_args()
    import corpus

    recording = next(each for each in corpus.recordings() if each.name == arguments.recording)
    servers = {f"waiting, {arguments.seconds:g} s each": waiting(arguments.seconds)}
    if not arguments.no_real:
        servers["faster-whisper"] = faster_whisper(arguments.server, arguments.ct2)
    rows = []
    for name, server in servers.items():
        with server as (port, most):
            for n in arguments.requests:
                wall = transcribe(ROOT / next(iter(recording.tracks.values())), port, n, arguments.binary)
                rows.append({"server": name, "requests": n, "sound": recording.seconds, "wall": wall, "at_once": most()})
                print(f"{name}, {n} at once: {wall:.1f} s", file=sys.stderr)
    print(render(rows))
    if arguments.save:
        Path(arguments.save).write_text(json.dumps(rows, indent=1))
    return 0


# --- Servers: a port, and what tells how many requests were under way at once since it was asked last --------------


@contextmanager
def waiting(seconds: float):
    lock, now, most = threading.Lock(), 0, 0

    class Waits(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            nonlocal now, most
            self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(seconds)
            with lock:
                now -= 1
            body = b'{"text": "Somebody said something."}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            pass

    def told() -> int:
        nonlocal most
        seen, most = most, 0
        return seen

    server = ThreadingHTTPServer(("127.0.0.1", 0), Waits)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], told
    finally:
        server.shutdown()


@contextmanager
def faster_whisper(program: str, model: str):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--host", "127.0.0.1", "--port", str(port), model]
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"HF_HUB_OFFLINE": "1"})
        try:
            until = time.monotonic() + START_S
            while not answers(port):
                if child.poll() is not None or time.monotonic() > until:
                    log.seek(0)
                    raise SystemExit(f"faster-whisper-server does not start: {log.read().decode(errors='replace')}")
                time.sleep(0.2)
            yield port, lambda: None
        finally:
            child.terminate()
            child.wait()


def answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False


# --- One run ------------------------------------------------------------------------------------------------------


def transcribe(file: Path, port: int, requests: int, binary: str) -> float:
    """Wall time of a transcription that asks for so many segments at once; all of it must come from the server."""
    settings = {"HANSARD_TRANSCRIBE_URL": f"http://127.0.0.1:{port}/v1", "HANSARD_TRANSCRIBE_REQUESTS": str(requests),
                "HANSARD_TRANSCRIBE_FALLBACK": "pending"}  # fmt: skip
    with tempfile.TemporaryDirectory() as out:
        command = [binary, "transcribe", "--json", "--out", out, "--language", "en", "--speakers", "1", str(file)]
        begun = time.monotonic()
        done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True)
        wall = time.monotonic() - begun
    if done.returncode or "pending" in done.stderr:
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return wall


def render(rows: list[dict]) -> str:
    lines = ["| server | requests at once | wall | seconds of sound a second | of one at a time | most under way |", "|---|---|---|---|---|---|"]
    for row in rows:
        one = next(each for each in rows if each["server"] == row["server"])
        most = "–" if row["at_once"] is None else row["at_once"]
        lines.append(f"| {row['server']} | {row['requests']} | {row['wall']:.1f} s | {row['sound'] / row['wall']:.1f} "
                     f"| {one['wall'] / row['wall']:.2f} × | {most} |")  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
