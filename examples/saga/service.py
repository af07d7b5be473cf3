#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One of the three services of the saga: service.py order|payment|shipping PORT [FILE]

It does and undoes things by the order's number, the same for a repeated Idempotency-Key, and refuses to do what was undone
before it came. GET / shows what is done; POST /fail says how the next calls fail:
{"path": "/payments", "status": 503, "times": 2, "after": true}: after it did what was asked. Status 0 closes the connection.
FILE: what was done and undone, a line each, so that a service that is started again knows it.
"""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATHS = {'order': ('/orders', '/orders/cancel'), 'payment': ('/payments', '/refunds'), 'shipping': ('/parcels', '/parcels/recall')}


class Service:
    def __init__(self, name, file):
        self.do_path, self.undo_path = PATHS[name]
        self.lock = threading.Lock()
        self.done, self.undone, self.answers, self.failures = {}, {}, {}, []
        self.counts = {}
        self.file = file
        if file and os.path.exists(file):
            for line in open(file, encoding='utf-8'):
                verb, order, key = json.loads(line)
                self.act(verb, order, key)

    def act(self, verb, order, key):
        """The answer to a key is the same each time."""
        if key in self.answers:
            return self.answers[key]
        if verb == 'do' and order in self.undone:
            return 409, {'error': 'undone before it was done'}
        if verb == 'do':
            self.done[order] = len(self.done) + 1
            answer = 200, {'number': self.done[order]}
        else:
            answer = 200, {'undone': order in self.done}
            self.undone[order] = self.done.pop(order, 0)
        count = self.counts.setdefault(order, {'do': 0, 'undo': 0})
        count[verb] += 1
        self.answers[key] = answer
        return answer

    def take(self, path, body, key):
        with self.lock:
            failure = next((f for f in self.failures if f['path'] == path and f['times'] > 0), None)
            if failure:
                failure['times'] -= 1
                if not failure.get('after'):
                    return failure['status'], {'error': 'as told'}
            verb = {self.do_path: 'do', self.undo_path: 'undo'}.get(path)
            if verb is None:
                return 404, {'error': 'no such thing'}
            fresh = key not in self.answers
            answer = self.act(verb, body['order'], key)
            if fresh and answer[0] == 200 and self.file:
                with open(self.file, 'a', encoding='utf-8') as out:
                    out.write(json.dumps([verb, body['order'], key]) + '\n')
            return (failure['status'], {'error': 'as told, after it was done'}) if failure else answer


def handler_of(service):
    class Handler(BaseHTTPRequestHandler):
        def answer(self, status, value):
            if status == 0:
                self.close_connection = True
                self.connection.close()
                return
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header('content-type', 'application/json')
            self.send_header('content-length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            with service.lock:
                self.answer(200, {'done': service.done, 'undone': sorted(service.undone), 'counts': service.counts})

        def do_POST(self):
            text = self.rfile.read(int(self.headers.get('content-length', 0)))
            body = json.loads(text or '{}')
            if self.path == '/fail':
                with service.lock:
                    service.failures = [dict(body, times=body.get('times', 1))]
                return self.answer(200, {})
            self.answer(*service.take(self.path, body, self.headers.get('idempotency-key', str(len(service.answers)))))

        def log_message(self, *args):
            print(self.path, *args[1:2], flush=True)

        def handle(self):
            try:
                super().handle()
            except (ConnectionError, ValueError):
                pass  # the other side went, or we closed it

    return Handler


if __name__ == '__main__':
    if len(sys.argv) < 3 or sys.argv[1] not in PATHS:
        sys.exit('service.py ' + '|'.join(PATHS) + ' PORT [FILE]')
    made = Service(sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else None)
    ThreadingHTTPServer(('127.0.0.1', int(sys.argv[2])), handler_of(made)).serve_forever()
