// SPDX-License-Identifier: Apache-2.0
#pragma once

// A record: one entry of the log, the outcome of one command in one partition. The header says what
// an auditor needs to know; the payload (a list of facts) is opaque here. The hash chain goes over
// headers only, the payload enters it by digest. Byte layout: docs/formats/log.md.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "log/sha256.h"

namespace hence::log {

inline constexpr uint8_t kRecordFormatVersion = 1;
/// Bounds of one record; larger ones are refused by Log::stage with TooLarge.
inline constexpr size_t kRecordTextBytesMax = 4096;  ///< of each text of the header
inline constexpr size_t kRecordPayloadBytesMax = 128 << 20;

/// Texts are borrowed: from the caller when staging, from the bytes read when reading.
struct RecordHeader {
  uint8_t format_version = kRecordFormatVersion;
  uint16_t kind = 0;  ///< the engine's: what sort of command made it
  Address address;    ///< sequences of a partition are 1, 2, 3 … without gap
  UtcTime time;       ///< of the command
  std::string_view namespace_name;
  std::string_view principal;    ///< who, where a person acted; else empty
  std::string_view reason;       ///< why, where a person acted; else empty
  std::string_view traceparent;  ///< W3C trace context; empty if none
  uint8_t payload_codec = 0;     ///< the engine's
  uint64_t payload_key_id = 0;   ///< reserved: key the payload is encrypted with; 0 is none
  Digest payload_digest{};       ///< SHA-256 of the payload; the log fills it in when writing
  std::optional<Hash128> event_hash;  ///< deduplication key of the event this record accepted

  bool operator==(const RecordHeader&) const = default;
};

struct Record {
  RecordHeader header;
  std::string_view payload;

  bool operator==(const Record&) const = default;
};

/// A record read back, with the bytes its texts and payload point into. Moves, does not copy.
class StoredRecord {
 public:
  StoredRecord(std::vector<char> bytes, Record record, Position position)
      : bytes_(std::move(bytes)), record_(record), position_(position) {}
  StoredRecord(StoredRecord&&) = default;
  StoredRecord& operator=(StoredRecord&&) = default;

  const RecordHeader& header() const { return record_.header; }
  std::string_view payload() const { return record_.payload; }
  const Record& record() const { return record_; }
  Position position() const { return position_; }

 private:
  std::vector<char> bytes_;
  Record record_;
  Position position_;
};

}  // namespace hence::log
