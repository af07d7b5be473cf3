// SPDX-License-Identifier: Apache-2.0
#include "base/log_line.h"

#include <time.h>
#include <unistd.h>

#include <mutex>

#include "base/time.h"

namespace hence {
namespace {

// A line equal to the last is held back this long, then said once with its count.
constexpr int64_t kRepeatMicros = 10'000'000;

constexpr std::string_view kLevelNames[] = {"DEBUG", "INFO", "WARNING", "ERROR"};

LogLevel lowest_level = LogLevel::info;

std::mutex last_mutex;
std::string last_text;          // guarded by last_mutex, as are the two below
int64_t last_written_micros = 0;
uint64_t repeats = 0;

void append_escaped(std::string_view text, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

void append_field(const LogField& field, std::string& out) {
  out += ' ';
  out += field.first;
  out += '=';
  const bool quote =
      field.second.empty() || field.second.find_first_of(" \"=") != std::string::npos;
  if (!quote) return append_escaped(field.second, out);
  out += '"';
  std::string inner;
  append_escaped(field.second, inner);
  for (const char c : inner) {
    if (c == '"') out += '\\';
    out += c;
  }
  out += '"';
}

int64_t now_micros() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
}

// stderr that is gone or full loses the line: there is nowhere to complain.
void write_line(int64_t micros, std::string_view text) {
  std::string line = format_rfc3339({micros});
  line += ' ';
  line += text;
  line += '\n';
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

void write_repeats(int64_t micros) {
  if (repeats == 0) return;
  write_line(micros, last_text + " (repeated " + std::to_string(repeats) + " times)");
  repeats = 0;
}

}  // namespace

void set_log_level(LogLevel level) { lowest_level = level; }

void log_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < lowest_level) return;
  std::string text(kLevelNames[static_cast<size_t>(level)]);
  text += ' ';
  append_escaped(message, text);
  for (const LogField& field : fields) append_field(field, text);

  const int64_t micros = now_micros();
  const std::lock_guard lock(last_mutex);
  const int64_t since_last = micros - last_written_micros;
  const bool repeated = text == last_text;
  if (repeated && since_last >= 0 && since_last < kRepeatMicros) {
    ++repeats;
    return;
  }
  if (repeated) {
    ++repeats;
    write_repeats(micros);
  } else {
    write_repeats(micros);
    last_text = text;
    write_line(micros, text);
  }
  last_written_micros = micros;
}

}  // namespace hence
