#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints src/filter/case_ranges.h: the one-to-one case mappings beyond ASCII of the Unicode version
that this Python knows, as ranges {first, last, step, what is added}."""
import unicodedata


def ranges(mapping):
    found = []
    for c in range(0x80, 0x20000):
        other = mapping(chr(c))
        if len(other) != 1 or ord(other) == c or ord(other) < 0x80:
            continue
        delta = ord(other) - c
        if found and found[-1][3] == delta:
            first, last, step, _ = found[-1]
            if c - last == step or (first == last and c - last <= 2):
                found[-1] = (first, c, c - last, delta)
                continue
        found.append((c, c, 1, delta))
    return found


def show(name, mapping):
    print(f"\ninline constexpr CaseRange {name}[] = {{")
    line = "   "
    for first, last, step, delta in ranges(mapping):
        item = f" {{{first:#x}, {last:#x}, {step}, {delta}}},"
        if len(line) + len(item) > 100:
            print(line)
            line = "   "
        line += item
    print(line + "\n};")


print(f"""// SPDX-License-Identifier: Apache-2.0
#pragma once

// Made by tools/case_ranges.py from Unicode {unicodedata.unidata_version}.

#include <cstdint>

namespace hence::filter {{

/// Every step-th character from first to last has its counterpart so far away. Sorted, none overlap.
struct CaseRange {{
  uint32_t first;
  uint32_t last;
  uint32_t step;
  int32_t distance;
}};""")
show("kToLower", str.lower)
show("kToUpper", str.upper)
print("\n}  // namespace hence::filter")
