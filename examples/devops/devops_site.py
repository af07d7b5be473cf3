# SPDX-License-Identifier: Apache-2.0
"""The demo's world: a server, a git repository whose hook posts pushes, a sink, a service.

Everything is real and on this machine: processes are started here and ended here by their ids.
Used by the demo and by the end-to-end tests. Standard library only.
"""
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SECRET = "It's a Secret to Everybody, but only on this machine"


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Failure(Exception):
    """Something did not come out as it had to; the text says what."""


def wait_for(what, look, seconds=60, pause=0.1):
    """Polls look() until it gives something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise Failure(f'waited {seconds} s for {what}, in vain')
        time.sleep(pause)


class Site:
    def __init__(self, folder, hence=None):
        self.folder = os.path.abspath(folder)
        self.hence = hence or os.environ.get('HENCE_BIN') or os.path.join(ROOT, 'build/release/bin/hence')
        self.port = free_port()
        self.address = f'http://127.0.0.1:{self.port}'
        self.server = None
        self.sink = None
        self.calls_file = self.path('on-call.jsonl')
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        for sub in ('data', 'site', 'resources'):
            os.makedirs(self.path(sub))

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    # Processes

    def start_server(self):
        config = self.path('hence.yaml')
        with open(config, 'w') as file:
            file.write('run: {shell: allow}\negress: {allow: ["127.0.0.0/8"]}\n'
                       'secrets: {env: ["GITHUB_*"]}\ndisk: {reserve: 64MiB}\n')
        environment = dict(os.environ, GITHUB_WEBHOOK_SECRET=SECRET)
        log = open(self.path('server.log'), 'a')
        self.server = subprocess.Popen(
            [self.hence, 'serve', '--data-dir', self.path('data'), '--listen', f'127.0.0.1:{self.port}',
             '--config', config], env=environment, stdout=log, stderr=log, start_new_session=True)
        log.close()

        def ready():
            if self.server.poll() is not None:
                raise Failure('the server ended at once; see ' + self.path('server.log'))
            return self.get('/readyz', raw=True) is not None
        wait_for('the server to be ready', ready, 20, 0.02)

    def kill_server(self):
        """kill -9, by its id."""
        os.kill(self.server.pid, signal.SIGKILL)
        self.server.wait()
        self.server = None

    def start_sink(self):
        port = free_port()
        self.sink_port = port
        log = open(self.path('sink.log'), 'a')
        self.sink = subprocess.Popen([self.hence, 'sink', 'listen', '--port', str(port), '--out', self.calls_file],
                                     stdout=log, stderr=log, start_new_session=True)
        log.close()

        def listening():
            with socket.socket() as probe:
                return probe.connect_ex(('127.0.0.1', port)) == 0
        wait_for('the on-call sink', listening, 10, 0.02)

    def close(self, keep_server=False):
        for process in [] if keep_server else [self.server, self.sink]:
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        if not keep_server:
            self.kill_service()

    def service_pid(self):
        try:
            with open(self.path('site/live/pid')) as file:
                return int(file.read())
        except (OSError, ValueError):
            return None

    def kill_service(self, number=signal.SIGTERM):
        pid = self.service_pid()
        if pid is None:
            return False
        try:
            with open(f'/proc/{pid}/cmdline', 'rb') as file:
                if b'/site/live/hello-' not in file.read():
                    return False  # the id belongs to somebody else by now
            os.kill(pid, number)
            return True
        except OSError:
            return False

    def service_health(self):
        try:
            with open(self.path('site/live/port')) as file:
                port = int(file.read())
            with urllib.request.urlopen(f'http://127.0.0.1:{port}/health', timeout=5) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    # The server's interface

    def get(self, path, raw=False, accept='*/*'):
        request = urllib.request.Request(self.address + path, headers={'Accept': accept})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                body = answer.read()
                return body if raw else json.loads(body)
        except urllib.error.HTTPError as error:
            if raw:
                return None
            raise Failure(f'GET {path} answered {error.code}: {error.read().decode()}') from error
        except OSError:
            if raw:
                return None
            raise

    def post(self, path, body, headers):
        request = urllib.request.Request(self.address + path, body, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def run(self, *arguments, check=True):
        done = subprocess.run([self.hence, *arguments, '--address', self.address], capture_output=True, text=True)
        if check and done.returncode != 0:
            raise Failure(f'hence {" ".join(arguments)} ended with {done.returncode}: {done.stderr.strip()}')
        return done.stdout

    def apply(self, folders=('connections', 'rules', 'workflows')):
        """Applies the example's resources with this site's paths and ports in them."""
        files = []
        for folder in folders:
            for name in sorted(os.listdir(os.path.join(HERE, folder))):
                with open(os.path.join(HERE, folder, name)) as file:
                    text = file.read()
                text = text.replace('/var/tmp/hence-devops', self.path('site'))
                if self.sink is not None:
                    text = text.replace('127.0.0.1:4400', f'127.0.0.1:{self.sink_port}')
                target = self.path('resources', f'{folder}-{name}')
                with open(target, 'w') as file:
                    file.write(text)
                files += ['-f', target]
        return self.run('apply', *files, '-o', 'table')

    def instances(self, workflow=None):
        query = '?limit=1000' + (f'&workflow={workflow}' if workflow else '')
        return self.get('/api/v1/instances' + query)['items']

    def events(self, kind=None):
        query = '?limit=1000' + (f'&type={kind}' if kind else '')
        return self.get('/api/v1/events' + query)['items']

    def event_for(self, kind, commit, reason=None):
        """The newest event of a type about a commit."""
        for item in reversed(self.events(kind)):
            data = item['event'].get('data') or {}
            if isinstance(data, dict) and commit in (data.get('commit'), data.get('after')):
                if reason is None or data.get('reason') == reason:
                    return item
        return None

    def quiet(self):
        """Every instance has ended."""
        return all(i['status'] in ('completed', 'faulted', 'cancelled') for i in self.instances())

    def task_of(self, instance):
        """The name of the task that an instance is at; None once it has ended."""
        tasks = self.get(f'/api/v1/instances/{instance}/trace')['tasks']
        at_work = [task['task'] for task in tasks if task.get('status') == 'running']
        return at_work[-1].rsplit('/', 1)[-1] if at_work else None

    def calls(self):
        """What the on-call sink was told."""
        try:
            with open(self.calls_file) as file:
                return [json.loads(line) for line in file]
        except OSError:
            return []

    # Git

    def git(self, *arguments, cwd=None):
        environment = dict(os.environ, GIT_CONFIG_GLOBAL='/dev/null', GIT_CONFIG_SYSTEM='/dev/null',
                           HENCE_URL=self.address, HENCE_SECRET=SECRET)
        done = subprocess.run(['git', *arguments], cwd=cwd or self.path('clone'), env=environment,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f'git {" ".join(arguments)}: {done.stderr.strip()}')
        return done.stdout.strip()

    def make_repository(self):
        """A bare repository whose hook posts each push, and a clone to work in."""
        self.git('init', '--quiet', '--bare', '--initial-branch=main', self.path('hello.git'), cwd=self.folder)
        hook = self.path('hello.git/hooks/post-receive')
        shutil.copy(os.path.join(HERE, 'post-receive'), hook)
        os.chmod(hook, 0o755)
        self.git('clone', '--quiet', self.path('hello.git'), self.path('clone'), cwd=self.folder)
        self.git('config', 'user.name', 'Ada Developer')
        self.git('config', 'user.email', 'ada@acme.example')
        self.git('checkout', '--quiet', '-B', 'main')
        for name in ('hello.c', 'Makefile', 'test.sh'):
            shutil.copy(os.path.join(HERE, 'service', name), self.path('clone'))
        shutil.copy(os.path.join(ROOT, 'LICENSE'), self.path('clone'))

    def change(self, pattern, replacement):
        name = self.path('clone/hello.c')
        with open(name) as file:
            text = file.read()
        changed = re.sub(pattern, replacement, text, count=1)
        if changed == text:
            raise Failure(f'nothing in hello.c fits {pattern}')
        with open(name, 'w') as file:
            file.write(changed)

    def push(self, message):
        """Commits all, signed off, and pushes; the hook posts it. Returns the commit."""
        self.git('add', '--all')
        self.git('commit', '--quiet', '--signoff', '-m', message)
        self.git('push', '--quiet', 'origin', 'main')
        return self.git('rev-parse', 'HEAD')


def signed_push(payload):
    """Body and headers of a GitHub delivery, for those who post by themselves."""
    body = json.dumps(payload).encode()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return body, {'Content-Type': 'application/json', 'X-GitHub-Event': 'push',
                  'X-GitHub-Delivery': str(uuid.uuid4()), 'X-Hub-Signature-256': 'sha256=' + digest}
