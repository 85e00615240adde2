#!/usr/bin/env python3
"""A safeguard of one's own: a service of the contract headgate-safeguard/1 (docs/safeguards-of-your-own.md), standard library only.

    SAFEGUARD_KEY=… python3 service.py 9100
    UPSTREAM_HOUSE_RULES=… headgate guard conform safeguards.yaml --finds finds.jsonl

It finds the names of projects that nobody outside is to hear about. What it looks for stands in RULES; put yours there, or call a model.
"""
import hmac
import json
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTRACT = "headgate-safeguard/1"
VIEWS = {"written", "normalised", "decoded"}
BODY_BYTES_MAX = 8 * 1024 * 1024
RULES = [
    ("privacy", 0.95, re.compile(r"\bproject\s+(falcon|nightfall)\b", re.IGNORECASE)),
    ("privacy", 0.6, re.compile(r"\bunannounced\s+merger\b", re.IGNORECASE)),
]


class Refused(Exception):
    """A request that is not of the contract."""


def texts_in(raw):
    """The texts of a question. Refuses everything else, so that a caller of another version notices."""
    try:
        asked = json.loads(raw)
        if asked["contract"] != CONTRACT or asked["surface"] != "input":
            raise Refused
        texts = asked["texts"]
        if not all(isinstance(one["text"], str) and one["view"] in VIEWS for one in texts):
            raise Refused
        return [one["text"] for one in texts]
    except (ValueError, KeyError, TypeError) as wrong:
        raise Refused from wrong


def units(text):
    """Length in UTF-16 units, in which spans are counted: Python counts characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def findings_in(texts):
    for number, text in enumerate(texts):
        for category, score, rule in RULES:
            for found in rule.finditer(text):
                start = units(text[: found.start()])
                span = [start, start + units(found.group())]
                yield {"category": category, "score": score, "text": number, "span": span}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            return self.answer(413, {})
        raw = self.rfile.read(length)
        sent = self.headers.get("authorization", "").encode()
        if not hmac.compare_digest(sent, f"Bearer {os.environ.get('SAFEGUARD_KEY', '')}".encode()):
            return self.answer(401, {})
        try:
            texts = texts_in(raw)
        except Refused:
            return self.answer(400, {})
        # 256 are taken; one is enough to stop a request.
        findings = list(findings_in(texts))[:256]
        return self.answer(200, {"contract": CONTRACT, "findings": findings})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Nothing of a request gets into a log."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    print(f"listening on {server.server_address[1]}", flush=True)
    server.serve_forever()
