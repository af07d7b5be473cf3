# SPDX-License-Identifier: Apache-2.0
"""Counting for the end-to-end tests: each ends with `N passed, N failed`."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, 'examples/devops'))


class Count:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, text, holds, detail=''):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f'FAILED: {text} {detail}', flush=True)

    def run(self, test, *arguments):
        """A test that raises has failed; the others go on."""
        try:
            test(*arguments)
        except Exception as failure:  # whatever it is, it is this test's
            self.check(getattr(test, '__name__', str(test)), False, repr(failure))

    def end(self):
        print(f'{self.passed} passed, {self.failed} failed')
        sys.exit(1 if self.failed else 0)
