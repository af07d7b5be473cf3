// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bytes of one record, as they lie in a commit:
//
//   0 length u32 | 4 crc32c u32 | 8 header length u32 | 12 header | payload | zeros to 8
//
// length is without the zeros. The checksum goes over the record's position (u64) and all bytes of
// the record but itself, so that a record found at another place than its own does not pass.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "log/record.h"

namespace hence::log {

inline constexpr size_t kRecordPrefixBytes = 12;
inline constexpr size_t kHeaderFixedBytes = 76;
inline constexpr size_t kDigestOffset = 32;  ///< of the payload's digest in the header
inline constexpr size_t kRecordBytesMin = kRecordPrefixBytes + kHeaderFixedBytes;
inline constexpr size_t kRecordBytesMax = kRecordPrefixBytes + kHeaderFixedBytes + 16 +
                                          4 * kRecordTextBytesMax + kRecordPayloadBytesMax;

/// Errors: TooLarge, naming the part.
Status check_record_size(const Record& record);
/// With the zeros that align the next one.
size_t encoded_record_bytes(const Record& record);
/// Appends the record, digest and checksum zero.
void encode_record(const Record& record, std::string& out);
/// Fills in digest and checksum of the encoded record at bytes. Returns the header's bytes, which
/// the chain takes.
std::string_view complete_record(char* bytes, Position position);

/// How long the payload is that a header (at least kHeaderFixedBytes) belongs to.
uint32_t payload_length(std::string_view header);
/// Appends the record as complete_record left it, from the bytes of its header and its payload.
void assemble_record(std::string_view header, std::string_view payload, Position position,
                     std::string& out);

struct DecodedRecord {
  Record record;            ///< points into the bytes decoded
  std::string_view header;  ///< its bytes
  uint32_t byte_count = 0;  ///< with the zeros that align the next one
};
/// The length of the record that begins here, without its zeros; 0 if no record can begin so.
/// bytes: at least four.
uint32_t record_length(std::string_view bytes);
/// Reads the record that begins bytes, which go at least to its end.
/// Errors: LogDamaged, LogVersionNewer.
Result<DecodedRecord> decode_record(std::string_view bytes, Position position);

}  // namespace hence::log
