# SPDX-License-Identifier: Apache-2.0
"""The CloudEvents SDK for Python, both ways: `make` prints requests an application would send, `read`
prints the events it sees in requests on standard input. JSON lines."""
import base64
import json
import sys
from datetime import datetime, timezone

from cloudevents.core.bindings import http
from cloudevents.core.v1.event import CloudEvent

TIME = datetime(2026, 11, 28, 10, 0, 0, 123000, timezone.utc)
EVENTS = [
    ({'id': 'py-1', 'source': '/py', 'type': 'com.acme.sdk', 'subject': 'Grüße % 100', 'partitionkey': 'k1',
      'time': TIME, 'datacontenttype': 'application/json'},
     {'total': 40, 'list': [1, 'zwei', None]}),
    ({'id': 'py-2', 'source': '/py', 'type': 'com.acme.sdk', 'time': TIME, 'datacontenttype': 'text/plain'}, 'plain words'),
    ({'id': 'py-3', 'source': '/py', 'type': 'com.acme.sdk', 'time': TIME}, None),
    ({'id': 'py-4', 'source': '/py', 'type': 'com.acme.sdk', 'time': TIME, 'datacontenttype': 'application/octet-stream'},
     bytes([0, 255, 1, 128])),
]


def make():
    for mode, convert in (('binary', http.to_binary_event), ('structured', http.to_structured_event)):
        for attributes, data in EVENTS:
            event = CloudEvent(dict(attributes, id=f'{attributes["id"]}-{mode}'), data)
            message = convert(event)
            body = message.body if isinstance(message.body, bytes) else (message.body or '').encode()
            print(json.dumps({'mode': mode, 'headers': dict(message.headers), 'body': base64.b64encode(body).decode()}))


def read():
    for line in sys.stdin:
        request = json.loads(line)
        event = http.from_http_event(http.HTTPMessage(headers=request['headers'], body=base64.b64decode(request['body'])))
        attributes = event.get_attributes()
        shown = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in attributes.items()}
        data = event.get_data()
        if shown.get('datacontenttype') == 'application/octet-stream':
            shown['data_base64'] = base64.b64encode(data).decode()
        else:
            shown['data'] = data.decode() if isinstance(data, bytes) else data
        print(json.dumps(shown))


if __name__ == '__main__':
    make() if sys.argv[1] == 'make' else read()
