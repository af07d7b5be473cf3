// SPDX-License-Identifier: Apache-2.0
#pragma once

// Server-sent events out of a stream of bytes. Grammar: HTML Living Standard, 9.2.6.

#include <functional>
#include <string>
#include <string_view>

namespace hence::cli {

struct SseEvent {
  std::string id, name, data;
};

class SseReader {
 public:
  /// take is given each event; false from it ends the reading.
  explicit SseReader(std::function<bool(const SseEvent&)> take) : take_(std::move(take)) {}

  /// The next piece, cut anywhere. False once take said so.
  bool take(std::string_view piece) {
    buffer_ += piece;
    size_t start = 0;
    for (size_t end; (end = buffer_.find('\n', start)) != std::string::npos; start = end + 1) {
      std::string_view line(buffer_.data() + start, end - start);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!take_line(line)) return false;
    }
    buffer_.erase(0, start);
    return true;
  }

 private:
  bool take_line(std::string_view line) {
    if (line.empty()) {
      const SseEvent event = std::exchange(event_, {});
      return event.data.empty() && event.name.empty() ? true : take_(event);
    }
    const size_t colon = line.find(':');
    const std::string_view field = line.substr(0, colon);
    std::string_view value =
        colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "id") event_.id = value;
    if (field == "event") event_.name = value;
    if (field == "data") event_.data += (event_.data.empty() ? "" : "\n") + std::string(value);
    return true;
  }

  std::function<bool(const SseEvent&)> take_;
  std::string buffer_;
  SseEvent event_;
};

}  // namespace hence::cli
