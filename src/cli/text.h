// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text for people: columns counted in characters, times relative with the absolute one beside.

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "json/value.h"

namespace hence::cli {

enum class Tone : uint8_t { plain, good, bad, warning, dim, strong };

/// How to draw: tests have no colour and 80 columns.
struct Style {
  bool colour = false;
  size_t columns = 80;
  UtcTime now;
  std::string paint(Tone tone, std::string_view text) const;
};

size_t width_of(std::string_view text);  ///< in characters
std::string shorten(std::string_view text,
                    size_t columns);  ///< cut with "…"; controls become spaces
std::string pad(std::string text, size_t columns);
/// text in lines of at most `columns`, all indented alike, broken at spaces where there are any.
std::string wrap(std::string_view text, size_t indent, size_t columns);

/// "3 s ago", "just now", "in 5 min".
std::string relative(UtcTime time, UtcTime now);
/// "3 s ago, 09:15:02Z"; with the date where it is not today's.
std::string when(UtcTime time, UtcTime now);
/// The same of an RFC 3339 member; empty if it is absent.
std::string when(json::View row, std::string_view member, UtcTime now);
/// "1.2 s" between two members; empty if either is absent.
std::string took(json::View row, std::string_view from, std::string_view to);

/// What a run waits for, as a clause: "waits until 10:44:29Z (in 1 h)", "waits for an HTTP call".
std::string waiting(std::string_view waits, UtcTime now);

/// A member as text: strings bare, everything else as JSON; empty if absent.
std::string cell(json::View row, std::string_view member);
/// A status in its colour, and the mark before it: ✓ ✗ … ·
Tone tone_of(std::string_view status);
std::string_view mark_of(std::string_view status);
std::string plural(int64_t count, std::string_view noun);  ///< "1 rule", "2 rules"

/// Rows under titles; wide columns are shortened until a line fits. `status` columns are coloured.
struct Table {
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> rows;
  std::string draw(const Style& style) const;
};

}  // namespace hence::cli
