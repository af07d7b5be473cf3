// SPDX-License-Identifier: Apache-2.0
// The CloudEvents SDK for JavaScript, both ways: `make` prints requests an application would send, `send URL` sends
// by the SDK's own transport and prints the answers, `read` prints the events it sees in requests on standard input.
// JSON lines.
import { CloudEvent, HTTP, Mode, emitterFor, httpTransport } from 'cloudevents';

// Version 10 of the SDK neither percent-encodes header values nor decodes them: the subject needs neither.
const time = '2026-11-28T10:00:00.123Z';
const bytes = Uint8Array.from([0, 255, 1, 128]);
const events = () => [
  new CloudEvent({ id: 'js-1', source: '/js', type: 'com.acme.sdk', subject: 'order-17', time,
    partitionkey: 'k1', data: { total: 40, list: [1, 'zwei', null] } }),
  new CloudEvent({ id: 'js-2', source: '/js', type: 'com.acme.sdk', time, datacontenttype: 'text/plain', data: 'plain words' }),
  new CloudEvent({ id: 'js-3', source: '/js', type: 'com.acme.sdk', time }),
  new CloudEvent({ id: 'js-4', source: '/js', type: 'com.acme.sdk', time, datacontenttype: 'application/octet-stream', data: bytes }),
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
} else if (process.argv[2] === 'send') {
  for (const [name, mode] of [['binary', Mode.BINARY], ['structured', Mode.STRUCTURED]]) {
    const send = emitterFor(httpTransport(process.argv[3]), { mode });
    for (const event of events()) {
      // Version 10 writes a body in any case, and cannot write one of no data.
      if (mode === Mode.BINARY && event.data === undefined) continue;
      const { body } = await send(event.cloneWith({ id: `${event.id}-sent-${name}` }));
      console.log(body.trim());
    }
  }
} else {
  let text = '';
  for await (const part of process.stdin) text += part;
  for (const line of text.trim().split('\n')) {
    const { headers, body } = JSON.parse(line);
    const received = Buffer.from(body, 'base64');
    const isBytes = headers['content-type'] === 'application/octet-stream';
    const event = HTTP.toEvent({ headers, body: isBytes ? received : received.toString('utf8') });
    event.validate();
    console.log(JSON.stringify(event));
  }
}
