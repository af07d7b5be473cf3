# SPDX-License-Identifier: Apache-2.0
"""What users were told, and what they do not know. Outlives every crash of the server."""
import threading


class Book:
    def __init__(self):
        self.lock = threading.Lock()
        self.faults = []
        self.acked = {}      # event id → position
        self.unknown = {}    # event id → event: sent, and no answer came
        self.flows = set()   # numbers of flows that must come to their end
        self.dropped = set() # numbers of flows that somebody cancelled, or tried to
        self.starts = {}     # Idempotency-Key → (number, instance or None while unknown)
        self.parked = 0      # events acknowledged whose delivery can only be parked

    def fault(self, text):
        self.faults.append(text)

    def sent(self, event):
        with self.lock:
            if event['id'] not in self.acked:
                self.unknown[event['id']] = event

    def answered(self, event, position):
        with self.lock:
            before = self.acked.get(event['id'])
            if before is not None and before != position:
                self.fault(f'event {event["id"]} was acknowledged as {before} and as {position}')
            self.unknown.pop(event['id'], None)
            if before is None:
                self.acked[event['id']] = position
                if event['type'] == 'order.flow':
                    self.flows.add(event['data']['n'])
                if event['type'] == 'order.dead':
                    self.parked += 1

    def refused(self, event):
        with self.lock:
            self.unknown.pop(event['id'], None)

    def started(self, key, number, instance):
        with self.lock:
            before = self.starts.get(key, (number, None))[1]
            if before is not None and before != instance:
                self.fault(f'the Idempotency-Key {key} led to {before} and to {instance}')
            self.starts[key] = (number, instance)
            self.flows.add(number)
