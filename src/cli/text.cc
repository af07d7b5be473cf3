// SPDX-License-Identifier: Apache-2.0
#include "cli/text.h"

#include <algorithm>

namespace hence::cli {
namespace {

constexpr size_t kCellMin = 8;
constexpr std::string_view kGap = "  ";

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0u) != 0x80; }

/// How many bytes the first `columns` characters take.
size_t bytes_of(std::string_view text, size_t columns) {
  size_t at = 0;
  for (size_t seen = 0; at < text.size(); ++at) {
    if (starts_character(text[at]) && seen++ == columns) break;
  }
  return at;
}

std::string two(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

std::string coarse(Duration length) {
  const int64_t seconds = length.micros / 1'000'000;
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return std::to_string(seconds / 60) + " min";
  if (seconds < 48 * 3600) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86400) + " d";
}

}  // namespace

std::string Style::paint(Tone tone, std::string_view text) const {
  if (!colour || tone == Tone::plain || text.empty()) return std::string(text);
  static constexpr std::string_view kCodes[] = {"", "32", "31", "33", "2", "1"};
  return "\x1b[" + std::string(kCodes[static_cast<size_t>(tone)]) + "m" + std::string(text) +
         "\x1b[0m";
}

size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, starts_character));
}

std::string shorten(std::string_view text, size_t columns) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  if (width_of(out) <= columns) return out;
  out.resize(bytes_of(out, columns == 0 ? 0 : columns - 1));
  return out + "…";
}

std::string pad(std::string text, size_t columns) {
  const size_t width = width_of(text);
  if (width < columns) text.append(columns - width, ' ');
  return text;
}

std::string wrap(std::string_view text, size_t indent, size_t columns) {
  const size_t room = columns > indent + 10 ? columns - indent : 10;
  std::string out;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    size_t taken = bytes_of(line, room);
    if (taken < line.size()) {
      const size_t space = line.rfind(' ', taken);
      if (space != std::string_view::npos && space > 0) taken = space;
    }
    out.append(indent, ' ').append(line.substr(0, taken)) += '\n';
    text.remove_prefix(taken);
    if (text.starts_with(' ') || text.starts_with('\n')) text.remove_prefix(1);
  }
  return out;
}

std::string relative(UtcTime time, UtcTime now) {
  const Duration age = now - time;
  if (age.micros < -1'000'000) return "in " + coarse({-age.micros});
  if (age.micros < 1'000'000) return "just now";
  return coarse(age) + " ago";
}

namespace {

/// "10:44:29Z", with the date where it is not today's.
std::string clock_text(UtcTime time, UtcTime now) {
  const CivilTime civil = to_civil(time), today = to_civil(now);
  std::string absolute = two(civil.hour) + ":" + two(civil.minute) + ":" + two(civil.second) + "Z";
  if (civil.year != today.year || civil.month != today.month || civil.day != today.day) {
    absolute = format_rfc3339(time).substr(0, 10) + " " + absolute;
  }
  return absolute;
}

}  // namespace

std::string when(UtcTime time, UtcTime now) {
  return relative(time, now) + ", " + clock_text(time, now);
}

std::string waiting(std::string_view waits, UtcTime now) {
  std::string text(waits);
  const size_t last = text.rfind(' ') + 1;
  if (const Result<UtcTime> time = parse_rfc3339(std::string_view(text).substr(last)); time.ok()) {
    text = text.substr(0, last) + clock_text(*time, now) + " (" + relative(*time, now) + ")";
  }
  return (text.starts_with("until ") ? "waits " : "waits for ") + text;
}

std::string when(json::View row, std::string_view member, UtcTime now) {
  const Result<UtcTime> time = parse_rfc3339(row.string_or(member, ""));
  return time.ok() ? when(*time, now) : "";
}

std::string took(json::View row, std::string_view from, std::string_view to) {
  const Result<UtcTime> begin = parse_rfc3339(row.string_or(from, "")),
                        end = parse_rfc3339(row.string_or(to, ""));
  return begin.ok() && end.ok() ? format_human(*end - *begin) : "";
}

std::string cell(json::View row, std::string_view member) {
  const std::optional<json::View> value = row.find(member);
  if (!value || value->is_null()) return "";
  return value->is_string() ? std::string(value->as_string()) : value->to_text();
}

Tone tone_of(std::string_view status) {
  for (const std::string_view good : {"completed", "done", "matched", "created", "delivered"}) {
    if (status == good) return Tone::good;
  }
  for (const std::string_view bad : {"faulted", "parked", "error", "deleted", "refused"}) {
    if (status == bad) return Tone::bad;
  }
  for (const std::string_view other :
       {"waiting", "delayed", "blocked", "running", "ready", "pending", "changed", "suspended"}) {
    if (status == other) return Tone::warning;
  }
  return status == "skipped" || status == "cancelled" || status == "unchanged" ? Tone::dim
                                                                               : Tone::plain;
}

std::string_view mark_of(std::string_view status) {
  switch (tone_of(status)) {
    case Tone::good: return "✓";
    case Tone::bad: return "✗";
    case Tone::warning: return "…";
    default: return "·";
  }
}

std::string plural(int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string Table::draw(const Style& style) const {
  std::vector<size_t> widths;
  for (const std::string& title : titles) widths.push_back(width_of(title));
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  size_t total = kGap.size() * (widths.size() - 1);
  for (const size_t width : widths) total += width;
  while (total > style.columns) {
    const auto widest = std::ranges::max_element(widths);
    if (*widest <= kCellMin) break;
    --*widest;
    --total;
  }
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells, bool head) {
    std::string text;
    size_t blanks = 0;  // not written at a line's end
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string shown = shorten(cells[i], widths[i]);
      if (!shown.empty()) {
        text.append(blanks, ' ') += style.paint(head ? Tone::dim : tone_of(shown), shown);
        blanks = 0;
      }
      blanks += widths[i] - width_of(shown) + kGap.size();
    }
    out += text + "\n";
  };
  line(titles, true);
  for (const auto& row : rows) line(row, false);
  return out;
}

}  // namespace hence::cli
