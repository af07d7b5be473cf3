# SPDX-License-Identifier: Apache-2.0
"""One `hence serve` on a folder and a free port of its own, for end-to-end tests."""
import http.client
import json
import os
import shutil
import signal
import subprocess

from count import ROOT
from devops_site import Failure, free_port, wait_for

HENCE = os.environ.get('HENCE_BIN') or os.path.join(ROOT, 'build/release/bin/hence')


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __str__(self):
        return f'{self.status} {self.body[:300]!r}'


class Server:
    """config: the text of hence.yaml; environment: what the process sees beside ours."""

    def __init__(self, folder, config='', environment=None):
        self.folder = os.path.abspath(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.data = os.path.join(self.folder, 'data')
        self.log = os.path.join(self.folder, 'server.log')
        self.port = free_port()
        self.environment = dict(os.environ, **(environment or {}))
        self.process = None
        self.token = None
        self.before_exec = None  # called in the process that becomes the server
        self.configure(config)

    def configure(self, text):
        with open(os.path.join(self.folder, 'hence.yaml'), 'w') as file:
            file.write(text)

    @property
    def address(self):
        return f'http://127.0.0.1:{self.port}'

    def start(self, seconds=20):
        with open(self.log, 'a') as log:
            self.process = subprocess.Popen(
                [HENCE, 'serve', '--data-dir', self.data, '--listen', f'127.0.0.1:{self.port}', '--config',
                 os.path.join(self.folder, 'hence.yaml')], env=self.environment, stdout=log, stderr=log,
                preexec_fn=self.before_exec)

        def ready():
            if self.process.poll() is not None:
                raise Failure(f'the server ended with {self.process.returncode}: {self.words()[-400:]}')
            try:
                return self.ask('GET', '/readyz', timeout=2).status == 200
            except OSError:
                return False
        wait_for('the server to be ready', ready, seconds, 0.02)
        return self

    def start_with_token(self, token):
        """Where the configuration has a token: what is asked without headers of its own brings it."""
        self.token = token
        return self.start()

    def words(self):
        with open(self.log, errors='replace') as file:
            return file.read()

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=40):
        if self.process is None or self.process.poll() is not None:
            return None
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f'the server did not end within {seconds} s of SIGTERM')

    def ask(self, method, path, body=None, headers=None, timeout=30):
        """One request on a connection of its own. body: bytes, text, or what is sent as JSON."""
        headers = dict({'Authorization': f'Bearer {self.token}'} if headers is None and self.token else headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault('Content-Type', 'application/json')
        if isinstance(body, str):
            body = body.encode()
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read())
        finally:
            connection.close()

    def send(self, event, timeout=30):
        return self.ask('POST', '/events', event, {'Content-Type': 'application/cloudevents+json'}, timeout)

    def apply(self, text):
        answer = self.ask('POST', '/api/v1/apply', text, {'Content-Type': 'application/yaml'})
        if answer.status != 200:
            raise Failure(f'apply: {answer}')
        return answer.json

    def command(self, *words, stdin=None):
        """`hence WORDS…` against this server: code, out, err."""
        done = subprocess.run([HENCE, *words], input=stdin, capture_output=True, text=True, timeout=60,
                              env=dict(self.environment, HENCE_ADDRESS=self.address))
        return done.returncode, done.stdout, done.stderr

    def counter(self, name):
        """The sum of a metric over its labels."""
        total = 0.0
        for line in self.ask('GET', '/metrics').body.decode().splitlines():
            if line.startswith(name) and line[len(name):len(name) + 1] in ' {':
                total += float(line.rsplit(' ', 1)[1])
        return total

    def memory(self):
        """Resident bytes."""
        with open(f'/proc/{self.process.pid}/status') as file:
            for line in file:
                if line.startswith('VmRSS:'):
                    return int(line.split()[1]) * 1024
        return 0


def event(number, **more):
    return dict({'specversion': '1.0', 'id': str(number), 'source': '/test', 'type': 'com.acme.test'}, **more)
