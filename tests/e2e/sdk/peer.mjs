// SPDX-License-Identifier: Apache-2.0
// The CloudEvents SDK for JavaScript, both ways: `make` prints requests an application would send,
// `read` prints the events it sees in requests on standard input. JSON lines.
import { CloudEvent, HTTP } from 'cloudevents';

// Version 10 of the SDK neither percent-encodes header values nor decodes them: the subject needs neither.
const events = () => [
  new CloudEvent({ id: 'js-1', source: '/js', type: 'com.acme.sdk', subject: 'order-17', time: '2026-11-28T10:00:00.123Z',
    partitionkey: 'k1', data: { total: 40, list: [1, 'zwei', null] } }),
  new CloudEvent({ id: 'js-2', source: '/js', type: 'com.acme.sdk', datacontenttype: 'text/plain', data: 'plain words' }),
  new CloudEvent({ id: 'js-3', source: '/js', type: 'com.acme.sdk' }),
];
const body = (message) => Buffer.from(typeof message.body === 'string' ? message.body : message.body ?? '').toString('base64');

if (process.argv[2] === 'make') {
  for (const mode of ['binary', 'structured']) {
    for (const event of events()) {
      const named = event.cloneWith({ id: `${event.id}-${mode}` });
      const message = HTTP[mode](named);
      console.log(JSON.stringify({ mode, headers: message.headers, body: body(message) }));
    }
  }
} else {
  let text = '';
  for await (const part of process.stdin) text += part;
  for (const line of text.trim().split('\n')) {
    const { headers, body } = JSON.parse(line);
    const event = HTTP.toEvent({ headers, body: Buffer.from(body, 'base64').toString('utf8') });
    event.validate();
    console.log(JSON.stringify(event));
  }
}
