#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what `hence bench match` needs to match GitHub's webhooks: the example payloads of
@octokit/webhooks-examples as events, and as many exact rules as asked over fields they have.

  bench/github_payloads.py FOLDER [RULES]       default 10,000; npm installs the package into FOLDER
  hence bench match --rules FOLDER/rules.jsonl --events FOLDER/events.jsonl

events.jsonl holds the bare payloads, cloudevents.jsonl the CloudEvents that a webhook becomes, for
rules-data.jsonl, which ask the same under `data`."""
import json
import os
import random
import subprocess
import sys

PACKAGE = '@octokit/webhooks-examples'
VERSION = '7.6.1'


def payloads(folder):
    index = os.path.join(folder, 'node_modules', PACKAGE, 'api.github.com/index.json')
    if not os.path.exists(index):
        os.makedirs(folder, exist_ok=True)
        subprocess.run(['npm', 'install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix',
                        folder, f'{PACKAGE}@{VERSION}'], check=True, stdout=subprocess.DEVNULL)
    with open(index, encoding='utf-8') as file:
        return [(entry['name'], payload) for entry in json.load(file) for payload in entry['examples']]


def rules(count):
    """As teams write them: an action and a repository, a sender, a branch, a login."""
    choose = random.Random(7)
    actions = ['opened', 'closed', 'created', 'edited', 'completed', 'labeled', 'deleted', 'requested', 'submitted']
    shapes = [lambda n: {'action': [choose.choice(actions)], 'repository': {'full_name': [f'acme/service-{n}']}},
              lambda n: {'sender': {'login': [f'user-{n}']}, 'repository': {'private': [bool(n % 2)]}},
              lambda n: {'action': [choose.choice(actions)], 'sender': {'id': [n]}},
              lambda n: {'pull_request': {'head': {'ref': [f'feature-{n}']}, 'base': {'ref': ['main', 'master']}}},
              lambda n: {'repository': {'owner': {'login': [f'org-{n}']}, 'name': ['Hello-World']}},
              lambda n: {'action': [choose.choice(actions)], 'repository': {'full_name': ['Codertocat/Hello-World']},
                         'sender': {'login': [f'user-{n}', 'Codertocat'] if n % 97 == 0 else [f'user-{n}']}}]
    return [shapes[n % len(shapes)](n) for n in range(count)]


def write(path, values):
    with open(path, 'w', encoding='utf-8') as file:
        for value in values:
            file.write(json.dumps(value, separators=(',', ':'), ensure_ascii=False) + '\n')


def main():
    folder = sys.argv[1]
    examples = payloads(folder)
    patterns = rules(int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
    write(f'{folder}/rules.jsonl', [{'id': f'r{n}', 'pattern': p} for n, p in enumerate(patterns)])
    write(f'{folder}/rules-data.jsonl', [{'id': f'r{n}', 'pattern': {'data': p}} for n, p in enumerate(patterns)])
    write(f'{folder}/events.jsonl', [payload for _, payload in examples])
    write(f'{folder}/cloudevents.jsonl',
          [{'specversion': '1.0', 'id': str(n), 'source': 'https://api.github.com/repos/acme/service',
            'type': f'com.github.{name}', 'data': payload} for n, (name, payload) in enumerate(examples)])
    size = sum(os.path.getsize(f'{folder}/{name}.jsonl') for name in ('events',))
    print(f'{len(examples)} payloads, {size // len(examples)} bytes on average, {len(patterns)} rules in {folder}')


main()
