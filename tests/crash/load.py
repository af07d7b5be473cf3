# SPDX-License-Identifier: Apache-2.0
"""Users: events one by one and in batches, again the same ones, starts, cancels, redrives, new rules."""
import http.client
import json
import random
import threading

TYPES = ['order.good', 'order.ordered', 'order.flaky', 'order.dead', 'order.flow', 'order.none']


def resources(port, variant):
    sink = lambda name: (f'apiVersion: hence/v1\nkind: Sink\nmetadata: {{name: {name}}}\n'
                         f'spec: {{http: {{url: "http://127.0.0.1:{port}/{name}", timeout: PT2S}}}}\n')
    rule = lambda name, on, do, more='': (f'apiVersion: hence/v1\nkind: Rule\nmetadata: {{name: {name}}}\n'
                                         f'spec:\n  on: {{type: {on}}}\n  do: [{do}]\n{more}')
    retry = lambda count: (f'  delivery: {{retry: {{delay: PT0.1S, limit: {{attempt: {{count: {count}}}}}, '
                           'backoff: {constant: {}}}')
    documents = [sink(name) for name in ('good', 'ordered', 'flaky', 'dead')]
    documents += [
        rule('good', 'order.good', '{deliver: {sink: good}}'),
        rule('ordered', 'order.ordered', '{deliver: {sink: ordered}}', retry(20) + ', ordering: key}\n'),
        rule('flaky', 'order.flaky', '{deliver: {sink: flaky}}', retry(20) + '}\n'),
        rule('dead', 'order.dead', '{deliver: {sink: dead}}', retry(1) + '}\n'),
        rule('flow', 'order.flow', '{start: {workflow: crash/flow, input: "${ .data }"}}'),
        rule('done', 'flow.done', '{deliver: {sink: good}}'),
        'document: {dsl: 1.0.3, namespace: crash, name: flow, version: 1.0.0}\n'
        'do:\n'
        '  - first: {set: {n: "${ .n }"}}\n'
        '  - ask:\n'
        '      try:\n'
        f'        - call: {{call: http, with: {{method: post, endpoint: "http://127.0.0.1:{port}/call", '
        'body: "${ {n: .n} }"}}\n'
        '      catch: {retry: {delay: PT0.05S, backoff: {constant: {}}, limit: {attempt: {count: 20}}}}\n'
        '  - keep: {set: "${ $workflow.input }"}\n'
        '  - pause: {wait: {milliseconds: 100}}\n'
        '  - tell: {emit: {event: {with: {type: flow.done, source: /flow, data: "${ {n: .n} }"}}}}\n',
    ]
    if variant % 2 == 1:
        documents.append(rule('extra', 'order.none', '{emit: {type: order.extra, data: "${ .data }"}}'))
    return '---\n'.join(documents)


class Unreachable(Exception):
    """The server did not answer: what was asked may have happened, or not."""


class User(threading.Thread):
    """One connection, until told to stop or the server is gone."""

    def __init__(self, server, book, sinks, name, seed):
        super().__init__(daemon=True)
        self.server, self.book, self.sinks, self.user = server, book, sinks, name
        self.random = random.Random(seed)
        self.stopping = threading.Event()
        self.connection = None
        self.count = 0
        self.requests = 0

    def run(self):
        try:
            while not self.stopping.is_set():
                self.act()
        except Unreachable:
            pass
        except Exception as failure:  # not the server's fault, but nothing may go unseen
            self.book.fault(f'user {self.user}: {failure!r}')
        if self.connection:
            self.connection.close()

    def ask(self, method, path, body, kind='application/json', headers=None):
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection('127.0.0.1', self.server.port, timeout=10)
            self.connection.request(method, path, body, dict(headers or {}, **{'Content-Type': kind}))
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as failure:
            raise Unreachable(str(failure)) from None
        self.requests += 1
        return answer.status, text

    def act(self):
        dice = self.random.random()
        if dice < 0.55:
            self.send([self.again() if self.random.random() < 0.2 else self.new_event()], False)
        elif dice < 0.75:
            self.send([self.new_event() for _ in range(self.random.randint(2, 30))], True)
        elif dice < 0.92:
            self.start_flow()
        elif dice < 0.95:
            self.cancel()
        elif dice < 0.97:
            self.redrive()
        else:
            self.apply()

    def apply(self):
        status, text = self.ask('POST', '/api/v1/apply?prune=true', resources(self.sinks.port, self.random.randint(0, 1)),
                                'application/yaml')
        if status not in (200, 503):
            self.book.fault(f'an apply was answered {status}: {text[:200]!r}')

    def new_event(self):
        self.count += 1
        number = f'{self.user}-{self.count}'
        return {'specversion': '1.0', 'id': number, 'source': '/crash', 'type': self.random.choice(TYPES),
                'subject': f's{self.random.randint(0, 9)}', 'data': {'n': number, 'filling': 'x' * self.random.randint(0, 900)}}

    def again(self):
        with self.book.lock:
            if self.book.unknown and self.random.random() < 0.5:
                return self.random.choice(list(self.book.unknown.values()))
        return getattr(self, 'last', None) or self.new_event()

    def send(self, events, batch):
        for event in events:
            self.book.sent(event)
        kind = 'application/cloudevents-batch+json' if batch else 'application/cloudevents+json'
        status, text = self.ask('POST', '/events', json.dumps(events if batch else events[0]), kind)
        if status == 202:
            receipts = json.loads(text)
            for event, receipt in zip(events, receipts if batch else [receipts]):
                self.book.answered(event, receipt['position'])
            self.last = events[-1]
        elif status == 503:
            for event in events:
                self.book.refused(event)
        else:
            self.book.fault(f'{len(events)} events were answered {status}: {text[:200]!r}')

    def start_flow(self, key=None):
        with self.book.lock:
            known = list(self.book.starts)
        if key is None and known and self.random.random() < 0.3:
            key = self.random.choice(known)
        if key is None:
            self.count += 1
            key = f'{self.user}-start-{self.count}'
        number = key
        with self.book.lock:
            self.book.starts.setdefault(key, (number, None))
        status, text = self.ask('POST', '/api/v1/instances', json.dumps({'workflow': 'crash/flow', 'input': {'n': number}}),
                                headers={'Idempotency-Key': key})
        if status in (200, 201):
            self.book.started(key, number, json.loads(text)['id'])
        elif status != 503:
            self.book.fault(f'a start was answered {status}: {text[:200]!r}')

    def cancel(self):
        with self.book.lock:
            started = [(n, i) for n, i in self.book.starts.values() if i is not None][-20:]
            if not started:
                return
            number, instance = self.random.choice(started)
            self.book.dropped.add(number)
        status, text = self.ask('POST', f'/api/v1/instances/{instance}/cancel', '{"reason": "crash test"}')
        if status not in (200, 409, 503):
            self.book.fault(f'the cancel of {instance} was answered {status}: {text[:200]!r}')

    def redrive(self):
        status, text = self.ask('GET', '/api/v1/deliveries?status=parked&limit=3', None)
        for delivery in json.loads(text)['items'] if status == 200 else ():
            status, text = self.ask('POST', f'/api/v1/deliveries/{delivery["id"]}/redrive', '{"reason": "again"}')
            if status not in (200, 409, 503):
                self.book.fault(f'the redrive of {delivery["id"]} was answered {status}: {text[:200]!r}')


class Copier(User):
    """Has checkpoints made, one after the other."""

    def act(self):
        self.count += 1
        status, text = self.ask('POST', '/api/v1/checkpoints', json.dumps({'name': f'under-load-{self.user}-{self.count}'}))
        if status not in (200, 201, 503):
            self.book.fault(f'a checkpoint was answered {status}: {text[:200]!r}')
