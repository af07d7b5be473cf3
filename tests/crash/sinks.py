# SPDX-License-Identifier: Apache-2.0
"""The other side of all calls: answers by path, and keeps what it saw, by idempotency key."""
import collections
import json
import random
import socketserver
import threading
from http.server import BaseHTTPRequestHandler


class Seen:
    """All calls with one key: what they said, and how they were answered."""

    def __init__(self, path, body):
        self.path, self.body, self.answers = path, body, []


class Sinks:
    """/good answers 200, /flaky and /call now and then 503, /dead 400, which no retry helps. Its answers come from a seed of
    its own, so that they do not depend on what the server does."""

    def __init__(self):
        self.lock = threading.Lock()
        self.random = random.Random(7)
        self.seen = {}                                       # key → Seen
        self.faults = []                                     # what must not be, as sentences
        self.ended = collections.defaultdict(set)            # number of a flow → ids of its flow.done events
        self.keys_of = collections.defaultdict(set)          # (path, event id) → keys
        self.good_calls = collections.defaultdict(set)       # number of a flow → keys of calls answered 200
        self.newest = {}                                     # subject → newest sequence begun with at /ordered
        sinks = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                status = sinks.take(self.path, self.headers.get('Idempotency-Key') or '', body)
                answer = b'{"ok":true}' if status == 200 else b''
                self.send_response(status)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # the server was killed in the middle of a call

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 256

        self.server = Server(('127.0.0.1', 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def take(self, path, key, body):
        with self.lock:
            if not key:
                self.faults.append(f'a call of {path} has no Idempotency-Key')
            known = self.seen.get(key)
            if known is None:
                known = self.seen[key] = Seen(path, body)
                self.first_time(path, key, json.loads(body))
            elif (known.path, known.body) != (path, body):
                self.faults.append(f'key {key} is used for two calls: {known.path} {known.body!r} and {path} {body!r}')
            # Like a receiver that remembers keys: what succeeded has succeeded.
            status = 200 if 200 in known.answers else self.status(path)
            known.answers.append(status)
            if path == '/call' and status == 200:
                number = json.loads(body)['n']
                self.good_calls[number].add(key)
                if len(self.good_calls[number]) > 1:
                    self.faults.append(f'flow {number} made its call anew under {key} after it had been answered')
            return status

    def status(self, path):
        if path == '/dead':
            return 400
        return 503 if path in ('/flaky', '/call') and self.random.random() < 0.15 else 200

    def first_time(self, path, key, document):
        if path == '/call':
            return
        event = document['id']
        self.keys_of[path, event].add(key)
        if len(self.keys_of[path, event]) > 1:
            self.faults.append(f'event {event} is delivered to {path} under several keys: {self.keys_of[path, event]}')
        if document['type'] == 'flow.done':
            number = document['data']['n']
            self.ended[number].add(event)
            if len(self.ended[number]) > 1:
                self.faults.append(f'flow {number} has ended twice: {self.ended[number]}')
        elif path == '/ordered':
            sequence = int(key.split('-')[1].split('.')[0])
            if sequence < self.newest.get(document['subject'], 0):
                self.faults.append(f'{key} of {document["subject"]} begins after one of a later event')
            self.newest[document['subject']] = max(sequence, self.newest.get(document['subject'], 0))
