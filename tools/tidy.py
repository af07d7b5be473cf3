#!/usr/bin/env python3
"""Checks the rules of the house that a compiler does not: layers, include cycles, banned calls,
dead paths in documents, error codes without a page, licence lines. Sizes are reported, not failed.
Runs in under three seconds; exit 1 names every fault with file and line."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
BANNED_EVERYWHERE = [
    (re.compile(r'\bstd::(shuffle|uniform_\w+_distribution|normal_distribution|random_device)\b'),
     'differs between standard libraries; use os/random.h'),
    (re.compile(r'\bstd::regex\b'), 'overflows the stack; use RE2 or Oniguruma'),
]
BANNED_IN_CORE = [  # levels 2 to 5
    (re.compile(r'\bstd::(mutex|recursive_mutex|shared_mutex|thread|jthread|this_thread|async|future|promise|atomic\w*|'
                r'condition_variable\w*|counting_semaphore|binary_semaphore|latch|barrier)\b|\bpthread_\w+\('),
     'levels 2 to 5 are owned by one thread'),
    (re.compile(r'\b(system_clock|steady_clock|high_resolution_clock)\b|\btime\((NULL|nullptr|0|&\w+)\)|\bgettimeofday\(|'
                r'\bclock(_gettime)?\(|\b(u|nano)?sleep\('),
     'time arrives as data in levels 2 to 5'),
    (re.compile(r'[^\w.>]s?rand\(\)|\bgetrandom\(|\bgetentropy\(|\barc4random\w*\(|\bRAND_bytes\(|'
                r'\bstd::(mt19937\w*|minstd_rand\w*|default_random_engine)\b'), 'randomness arrives as data in levels 2 to 5'),
    (re.compile(r'\bstd::(basic_)?[io]?fstream\b|\bopen\(\s*"|\bfopen\('), 'files are read and written at the edge'),
    (re.compile(r'\bco_(await|return|yield)\b'), 'no coroutines in levels 2 to 5'),
    (re.compile(r'\bthrow\b(?!\w)'), 'our code does not throw'),
    (re.compile(r'\bgetenv\('), 'the environment is read at the edge'),
]


def load_layers():
    level, beside = {}, set()
    for line in open(os.path.join(ROOT, 'tools/layers.txt')):
        words = line.split('#')[0].split()
        if not words:
            continue
        if words[0] == 'beside':
            beside.add((words[1], words[2]))
        else:
            level[words[1]] = int(words[0])
    return level, beside


def tracked_files():
    out = subprocess.run(['git', '-C', ROOT, 'ls-files', '-co', '--exclude-standard'], capture_output=True, text=True)
    names = out.stdout.splitlines()
    return [n for n in names if os.path.isfile(os.path.join(ROOT, n))]


def module_of(path, level):
    parts = path.split('/')
    for size in (2, 1):
        name = '/'.join(parts[:size])
        if name in level and len(parts) > size:
            return name
    return None


def strip_comment(line):
    return line.split('//')[0]


def check_sources(files, level, beside, faults, sizes):
    edges = {}
    for name in files:
        if not (name.startswith('src/') and name.endswith(('.h', '.cc', '.def'))):
            continue
        module = module_of(name[4:], level)
        if module is None:
            faults.append(f'{name}:1: no module of tools/layers.txt owns this file')
            continue
        lines = open(os.path.join(ROOT, name), encoding='utf-8').read().split('\n')
        sizes.append((len(lines), name))
        if 'SPDX-License-Identifier: Apache-2.0' not in lines[0]:
            faults.append(f'{name}:1: the first line must be the licence line')
        test = name.endswith('_test.cc') or '_test_' in name or name.endswith('_test.h')
        core = 2 <= level[module] <= 5
        for number, line in enumerate(lines, 1):
            include = INCLUDE.match(line)
            if include:
                target = module_of(include.group(1), level)
                if target and target != module:
                    edges.setdefault(module, set()).add(target)
                    if level[target] >= level[module] and (module, target) not in beside:
                        faults.append(f'{name}:{number}: {module} (level {level[module]}) must not include '
                                      f'{target} (level {level[target]})')
                continue
            code = strip_comment(line)
            for pattern, why in BANNED_EVERYWHERE + (BANNED_IN_CORE if core and not test else []):
                if pattern.search(code):
                    faults.append(f'{name}:{number}: {pattern.search(code).group(0).strip()} is banned here: {why}')
    return edges


def check_cycles(edges, faults):
    state = {}

    def visit(module, path):
        if state.get(module) == 'done':
            return
        if module in path:
            faults.append('include cycle: ' + ' -> '.join(path[path.index(module):] + [module]))
            return
        for target in sorted(edges.get(module, ())):
            visit(target, path + [module])
        state[module] = 'done'

    for module in sorted(edges):
        visit(module, [])


def check_documents(files, faults):
    link = re.compile(r'\]\(([^)#\s]+)[^)]*\)')
    for name in files:
        if not name.endswith('.md'):
            continue
        for number, line in enumerate(open(os.path.join(ROOT, name), encoding='utf-8'), 1):
            for target in link.findall(line):
                if re.match(r'[a-z]+:', target):
                    continue
                place = os.path.normpath(os.path.join(ROOT, os.path.dirname(name), target))
                if not os.path.exists(place):
                    faults.append(f'{name}:{number}: dead path {target}')
            for target in re.findall(r'`((?:src|docs|tools|examples|tests|bench|fuzz)/[\w./-]+)`', line):
                if '…' in target or '*' in target:
                    continue
                if not os.path.exists(os.path.join(ROOT, target)):
                    faults.append(f'{name}:{number}: dead path {target}')


def check_error_pages(faults):
    table = open(os.path.join(ROOT, 'src/base/error_codes.def')).read()
    slugs = re.findall(r'HENCE_ERROR\(\w+,\s*\d+,\s*"([\w-]+)"', table)
    for slug in slugs:
        if not os.path.exists(os.path.join(ROOT, f'docs/errors/{slug}.md')):
            faults.append(f'src/base/error_codes.def:1: error {slug} has no page docs/errors/{slug}.md')


def check_settings(faults):
    """docs/configuration.md lists every setting, and no other."""
    table = open(os.path.join(ROOT, 'src/server/config_keys.cc')).read()
    keys = set(re.findall(r'_key\("([\w.]+)"', table)) | {'partitions'}
    page = open(os.path.join(ROOT, 'docs/configuration.md')).read()
    listed = set(re.findall(r'^\| `([\w.]+)` \| (?:text|list|bytes|number|duration|`allow|`true)', page, re.M))
    for key in sorted(keys - listed):
        faults.append(f'docs/configuration.md:1: the setting {key} is not listed')
    for key in sorted(listed - keys):
        faults.append(f'docs/configuration.md:1: there is no setting {key}')


def check_top_level(files, faults):
    top = {n.split('/')[0] for n in files if not n.startswith('.')}
    if len(top) > 20:
        faults.append(f'.:1: {len(top)} visible entries at the top, at most 20')


def main():
    level, beside = load_layers()
    files = tracked_files()
    faults, sizes = [], []
    edges = check_sources(files, level, beside, faults, sizes)
    check_cycles(edges, faults)
    check_documents(files, faults)
    check_error_pages(faults)
    check_settings(faults)
    check_top_level(files, faults)
    for size, name in sorted(sizes, reverse=True)[:5]:
        if size > 500:
            print(f'tidy: note: {name} has {size} lines')
    for fault in faults:
        print('tidy: ' + fault)
    print(f'tidy: {len(files)} files, {len(faults)} faults')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
