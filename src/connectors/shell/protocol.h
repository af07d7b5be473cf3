// SPDX-License-Identifier: Apache-2.0
#pragma once

// What server and supervisor say to each other over a stream socket: frames of
//
//   length (4 bytes, little-endian, of what follows)  kind (1 byte)  fields (base/codec.h)
//
// Both sides are the same binary, so the form has no versions.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/codec.h"

namespace hence::connectors::shell {

enum class FrameKind : uint8_t { start = 1, cancel = 2, end = 3 };

/// Server → supervisor: run this.
struct StartFrame {
  uint64_t call_id = 0;
  std::string name;  ///< of the attempt's folder
  std::string command;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
  std::string input;
  Duration timeout;
  uint64_t output_bytes_max = 0;
  template <typename A> void fields(A& a) {
    a(call_id, name, command, arguments, environment, input, timeout, output_bytes_max);
  }
};

/// Server → supervisor: give it up.
struct CancelFrame {
  uint64_t call_id = 0;
  template <typename A> void fields(A& a) { a(call_id); }
};

/// Supervisor → server: it ended, or, where failure is not empty, it was ended or never began.
struct EndFrame {
  uint64_t call_id = 0;
  std::string failure;
  int32_t exit_code = 0;
  std::string output;
  std::string error_output;
  template <typename A> void fields(A& a) { a(call_id, failure, exit_code, output, error_output); }
};

/// Appends a frame to bytes waiting to be sent.
template <typename T>
void append_frame(std::string& out, FrameKind kind, const T& frame) {
  const std::string fields = encode(frame);
  Encoder encoder(out);
  encoder.fixed(static_cast<uint32_t>(fields.size() + 1));
  encoder.fixed(static_cast<uint8_t>(kind));
  out += fields;
}

struct Frame {
  FrameKind kind;
  std::string_view fields;  ///< into the buffer it was taken from
  size_t size;              ///< of the whole frame: bytes to drop from the buffer
};

/// The first whole frame at the beginning of bytes; nothing while it is incomplete.
inline std::optional<Frame> first_frame(std::string_view bytes) {
  Decoder decoder(bytes);
  const auto length = decoder.fixed<uint32_t>();
  const size_t size = sizeof length + length;
  if (decoder.failed() || length == 0 || bytes.size() < size) return std::nullopt;
  return Frame{static_cast<FrameKind>(bytes[sizeof length]),
               bytes.substr(sizeof length + 1, length - 1), size};
}

/// Bytes on their way out; what was sent is forgotten without moving the rest each time.
class OutBuffer {
 public:
  std::string& bytes() { return bytes_; }
  bool empty() const { return sent_ == bytes_.size(); }
  std::string_view left() const { return std::string_view(bytes_).substr(sent_); }
  void sent(size_t count) {
    sent_ += count;
    if (empty()) clear();
  }
  void clear() {
    bytes_.clear();
    sent_ = 0;
  }

 private:
  std::string bytes_;
  size_t sent_ = 0;
};

}  // namespace hence::connectors::shell
