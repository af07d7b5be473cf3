# SPDX-License-Identifier: Apache-2.0
"""The services that the specification's kit and examples call, and an authority that gives tokens, on
127.0.0.1: HTTPS with a certificate of a test authority of our own, and HTTP. Standard library only."""
import base64
import email
import hashlib
import http.server
import json
import os
import re
import ssl
import subprocess
import threading
import urllib.parse

FOLDER = os.path.dirname(os.path.abspath(__file__))
HOSTS = ['petstore.swagger.io', 'httpbin.org', 'keycloak', 'api.example', 'catalog.example']
NONCE = 'n-0123456789'


def certificate(folder):
    """A test authority and a certificate of it for all hosts: paths of (authority, certificate, key)."""
    ca, ca_key, cert, key, request, names = (os.path.join(folder, name) for name in (
        'ca.pem', 'ca.key', 'cert.pem', 'cert.key', 'cert.csr', 'names.cnf'))
    with open(names, 'w') as file:
        file.write('subjectAltName=' + ','.join(f'DNS:{host}' for host in HOSTS) + '\n')

    def openssl(*words):
        subprocess.run(['openssl', *words], check=True, capture_output=True)
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
            '-subj', '/CN=Hence test authority', '-keyout', ca_key, '-out', ca)
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=stub',
            '-keyout', key, '-out', request)
    openssl('x509', '-req', '-in', request, '-CA', ca, '-CAkey', ca_key, '-CAcreateserial', '-days', '2',
            '-extfile', names, '-out', cert)
    return ca, cert, key


class Stub:
    """What came in is in `calls`: (method, host, path with query, headers, body)."""

    def __init__(self, folder):
        self.calls = []
        self.lock = threading.Lock()
        self.tokens = 0
        self.refused = set()
        self.life = 3600
        self.authority, cert, key = certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.servers = [self.serve(context), self.serve(None)]
        self.https, self.http = (server.server_address[1] for server in self.servers)

    def serve(self, context):
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def log_message(self, *words):
                pass

            def answer(self):
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                call = (self.command, self.headers.get('Host', '').split(':')[0], self.path,
                        {k.lower(): v for k, v in self.headers.items()}, body.decode(errors='surrogateescape'))
                with stub.lock:
                    stub.calls.append(call)
                    status, headers, text = stub.reply(*call)
                data = text.encode() if isinstance(text, str) else json.dumps(text).encode()
                self.send_response(status)
                for name, value in dict({'Content-Type': 'application/json'}, **headers).items():
                    self.send_header(name, value)
                self.send_header('Content-Length', str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            do_GET = do_POST = do_PUT = do_DELETE = answer

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def config(self):
        """Settings of hence.yaml that send every call here."""
        return (f'egress: {{allow: ["127.0.0.0/8"], caFile: {self.authority}, connectTo: '
                f'["::127.0.0.1:{self.https}"]}}\n'.replace('"::', '":443:')
                .replace(']}', f', ":80:127.0.0.1:{self.http}"]}}'))

    def to(self, host, path=''):
        return [call for call in self.calls if call[1] == host and call[2].startswith(path)]

    def reply(self, method, host, path, headers, body):
        name = {'petstore.swagger.io': 'petstore', 'httpbin.org': 'httpbin', 'keycloak': 'keycloak',
                'api.example': 'api', 'catalog.example': 'catalog'}.get(host)
        return getattr(self, name)(method, path, headers, body) if name else (404, {}, {'host': host})

    @staticmethod
    def petstore(method, path, headers, body):
        pet = lambda number: {'id': number, 'name': 'Milou', 'status': 'available'}
        if path == '/v2/swagger.json':
            with open(os.path.join(FOLDER, 'petstore.json')) as file:
                return 200, {}, file.read()
        if path == '/v2/pet/findByStatus?status=available':
            return 200, {}, [pet(1), pet(2)]
        number = re.fullmatch(r'/v2/pet/(\d+)', path)
        return (200, {}, pet(int(number[1]))) if number else (404, {}, {'message': 'Pet not found'})

    @staticmethod
    def httpbin(method, path, headers, body):
        wanted = 'Basic ' + base64.b64encode(b'serverless-workflow:conformance-test').decode()
        right = path == '/basic-auth/serverless-workflow/conformance-test' and headers.get('authorization') == wanted
        return (200 if right else 401), {}, {'authenticated': right}

    def keycloak(self, method, path, headers, body):
        if path.endswith('/.well-known/openid-configuration'):
            return 200, {}, {'issuer': 'http://keycloak/realm', 'token_endpoint': 'https://keycloak/realm/token'}
        fields = dict(urllib.parse.parse_qsl(body))
        if fields.get('client_secret') not in ('planted-client-secret', 'workflow-runtime-secret'):
            return 401, {}, {'error': 'invalid_client'}
        if fields['grant_type'] == 'refresh_token' and fields.get('refresh_token') != f'refresh-{self.tokens}':
            return 400, {}, {'error': 'invalid_grant'}
        self.tokens += 1
        return 200, {}, {'access_token': f'planted-token-{self.tokens}', 'token_type': 'Bearer',
                         'expires_in': self.life, 'refresh_token': f'refresh-{self.tokens}'}

    def api(self, method, path, headers, body):
        authorization = headers.get('authorization', '')
        if path.startswith('/digest'):
            return self.digest(method, path, authorization)
        if path == '/upload':
            return 200, {}, self.parts(headers, body)
        if authorization.startswith('Bearer planted-token-') and authorization not in self.refused:
            return 200, {}, {'token': authorization.rsplit('-', 1)[1]}
        if authorization == 'Bearer planted-bearer' or headers.get('x-key') == 'planted-key':
            return 200, {}, {'echo': 'ok'}
        return 401, {}, {'error': 'who are you'}

    @staticmethod
    def digest(method, path, authorization):
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', authorization))

        def sha(text):
            return hashlib.sha256(text.encode()).hexdigest()
        if given.get('nonce') == NONCE:
            first = sha(f'robot:things:planted-digest-password')
            second = sha(f'{method}:{path}')
            if given['response'] == sha(':'.join([first, NONCE, given['nc'], given['cnonce'], 'auth', second])):
                return 200, {}, {'digest': True}
        return 401, {'WWW-Authenticate': f'Digest realm="things", qop="auth", algorithm=SHA-256, nonce="{NONCE}"'}, {}

    @staticmethod
    def parts(headers, body):
        """Of a form: by name [filename, content type, bytes in base64]."""
        head = 'Content-Type: ' + headers['content-type'] + '\r\n\r\n'
        form = email.message_from_bytes((head + body).encode(errors='surrogateescape'))
        return {part.get_param('name', header='content-disposition'):
                [part.get_filename(), part.get_content_type(), base64.b64encode(part.get_payload(decode=True)).decode()]
                for part in form.get_payload()}

    def catalog(self, method, path, headers, body):
        if path == '/closed/functions/greet/1.0.0/function.yaml':
            known = headers.get('authorization', '').startswith('Bearer planted-token-')
            return (200 if known else 401), {'Content-Type': 'text/plain'}, 'set: {text: "${ \\"Closed \\\\(.name)\\" }"}\n'
        if path == '/closed/schema.json':
            return self.digest(method, path, headers.get('authorization', ''))
        if path == '/api/main.yaml':
            return 200, {}, {'openapi': '3.0.3', 'servers': [{'url': 'https://api.example'}],
                             'paths': {'/upload': {'$ref': 'paths/upload.yaml'}}}
        if path == '/api/paths/upload.yaml':
            file = {'type': 'string', 'format': 'binary'}
            form = {'schema': {'properties': {'title': {'type': 'string'}, 'picture': file}, 'required': ['picture']}}
            return 200, {}, {'post': {'operationId': 'upload', 'requestBody': {'content': {'multipart/form-data': form}}}}
        if path == '/functions/greet/1.0.0/function.yaml':
            return 200, {'Content-Type': 'text/plain'}, 'set: {text: "${ \\"Hello \\\\(.name)\\" }"}\n'
        if path == '/script.mjs':
            return 200, {'Content-Type': 'text/plain'}, 'console.log("fetched " + process.argv[2])\n'
        return 404, {}, {}
