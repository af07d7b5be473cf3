// SPDX-License-Identifier: Apache-2.0
#include "log/record_codec.h"

#include <cstring>

#include "base/hash.h"
#include "log/bytes.h"

namespace hence::log {
namespace {

constexpr uint16_t kHasEventHash = 1;

uint32_t checksum(std::string_view record, Position position) {
  uint32_t crc = crc32c({reinterpret_cast<const char*>(&position.value), sizeof(uint64_t)});
  crc = crc32c(record.substr(0, 4), crc);
  return crc32c(record.substr(8), crc);
}

size_t encoded_header_bytes(const RecordHeader& header) {
  return kHeaderFixedBytes + (header.event_hash ? 16 : 0) + header.namespace_name.size() +
         header.principal.size() + header.reason.size() + header.traceparent.size();
}

void encode_header(const Record& record, std::string& out) {
  const RecordHeader& header = record.header;
  append(out, header.format_version);
  append(out, header.payload_codec);
  append(out, header.kind);
  append(out, header.address.partition);
  append(out, header.event_hash ? kHasEventHash : uint16_t{0});
  append(out, header.address.sequence);
  append(out, header.time.micros);
  append(out, header.payload_key_id);
  out.append(sizeof(Digest), '\0');
  append(out, static_cast<uint32_t>(record.payload.size()));
  for (const std::string_view text :
       {header.namespace_name, header.principal, header.reason, header.traceparent}) {
    append(out, static_cast<uint16_t>(text.size()));
  }
  if (header.event_hash) {
    append(out, header.event_hash->high);
    append(out, header.event_hash->low);
  }
  out.append(header.namespace_name).append(header.principal);
  out.append(header.reason).append(header.traceparent);
}

Error damaged(std::string what) { return Error(ErrorCode::LogDamaged, std::move(what)); }

/// Reads a header that fills bytes exactly.
Status decode_header(std::string_view bytes, RecordHeader& header, uint32_t& payload_bytes) {
  if (bytes.size() < kHeaderFixedBytes) return damaged("the record's header is too short");
  header.format_version = load<uint8_t>(bytes, 0);
  if (header.format_version > kRecordFormatVersion) {
    return Error(ErrorCode::LogVersionNewer,
                 "a record has format " + std::to_string(header.format_version) +
                     ", this program reads up to " + std::to_string(kRecordFormatVersion) +
                     ": use the version of hence that wrote it, or a later one");
  }
  header.payload_codec = load<uint8_t>(bytes, 1);
  header.kind = load<uint16_t>(bytes, 2);
  header.address.partition = load<uint16_t>(bytes, 4);
  const auto flags = load<uint16_t>(bytes, 6);
  header.address.sequence = load<uint64_t>(bytes, 8);
  header.time.micros = load<int64_t>(bytes, 16);
  header.payload_key_id = load<uint64_t>(bytes, 24);
  std::memcpy(header.payload_digest.data(), bytes.data() + kDigestOffset, sizeof(Digest));
  payload_bytes = load<uint32_t>(bytes, 64);
  size_t at = kHeaderFixedBytes;
  if ((flags & kHasEventHash) != 0) {
    if (bytes.size() < at + 16) return damaged("the record's header is too short");
    header.event_hash = Hash128{load<uint64_t>(bytes, at), load<uint64_t>(bytes, at + 8)};
    at += 16;
  }
  size_t length_at = 68;
  for (std::string_view* text :
       {&header.namespace_name, &header.principal, &header.reason, &header.traceparent}) {
    const size_t size = load<uint16_t>(bytes, length_at);
    if (size > bytes.size() - at) return damaged("a text of the record's header is cut short");
    *text = bytes.substr(at, size);
    at += size;
    length_at += 2;
  }
  if (at != bytes.size()) return damaged("the record's header has bytes left over");
  return {};
}

}  // namespace

Status check_record_size(const Record& record) {
  const RecordHeader& header = record.header;
  for (const auto& [name, text] : {std::pair{"namespace", header.namespace_name},
                                   {"principal", header.principal},
                                   {"reason", header.reason},
                                   {"traceparent", header.traceparent}}) {
    if (text.size() > kRecordTextBytesMax) {
      return Error(ErrorCode::TooLarge, std::string("the ") + name + " of a record has " +
                                            std::to_string(text.size()) + " bytes, at most " +
                                            std::to_string(kRecordTextBytesMax) + " are kept");
    }
  }
  if (record.payload.size() > kRecordPayloadBytesMax) {
    return Error(ErrorCode::TooLarge, "the payload of a record has " +
                                          std::to_string(record.payload.size()) +
                                          " bytes, at most " +
                                          std::to_string(kRecordPayloadBytesMax) + " are kept");
  }
  return {};
}

size_t encoded_record_bytes(const Record& record) {
  return align_up(
      kRecordPrefixBytes + encoded_header_bytes(record.header) + record.payload.size(), 8);
}

void encode_record(const Record& record, std::string& out) {
  const size_t begin = out.size();
  const size_t header_bytes = encoded_header_bytes(record.header);
  const size_t length = kRecordPrefixBytes + header_bytes + record.payload.size();
  append(out, static_cast<uint32_t>(length));
  append(out, uint32_t{0});
  append(out, static_cast<uint32_t>(header_bytes));
  encode_header(record, out);
  out.append(record.payload);
  out.resize(begin + align_up(length, 8), '\0');
}

std::string_view complete_record(char* bytes, Position position) {
  const auto length = load<uint32_t>({bytes, 4}, 0);
  const auto header_bytes = load<uint32_t>({bytes, kRecordPrefixBytes}, 8);
  const std::string_view record(bytes, length);
  const Digest digest = sha256(record.substr(kRecordPrefixBytes + header_bytes));
  std::memcpy(bytes + kRecordPrefixBytes + kDigestOffset, digest.data(), digest.size());
  store(bytes, 4, checksum(record, position));
  return record.substr(kRecordPrefixBytes, header_bytes);
}

uint32_t payload_length(std::string_view header) { return load<uint32_t>(header, 64); }

void assemble_record(std::string_view header, std::string_view payload, Position position,
                     std::string& out) {
  const size_t begin = out.size();
  const size_t length = kRecordPrefixBytes + header.size() + payload.size();
  append(out, static_cast<uint32_t>(length));
  append(out, uint32_t{0});
  append(out, static_cast<uint32_t>(header.size()));
  out.append(header).append(payload);
  store(out.data() + begin, 4, checksum(std::string_view(out).substr(begin), position));
  out.resize(begin + align_up(length, 8), '\0');
}

uint32_t record_length(std::string_view bytes) {
  const auto length = load<uint32_t>(bytes, 0);
  return length < kRecordBytesMin || length > kRecordBytesMax ? 0 : length;
}

Result<DecodedRecord> decode_record(std::string_view bytes, Position position) {
  if (bytes.size() < kRecordBytesMin) return damaged("the record is cut short");
  const uint32_t length = record_length(bytes);
  if (length == 0) return damaged("the record's length is impossible");
  if (length > bytes.size()) return damaged("the record is cut short");
  const std::string_view record = bytes.substr(0, length);
  if (load<uint32_t>(record, 4) != checksum(record, position)) {
    return damaged("the record's checksum does not fit its bytes");
  }
  const std::string_view padding = bytes.substr(length, align_up(length, 8) - length);
  if (padding.find_first_not_of('\0') != std::string_view::npos) {
    return damaged("the bytes after the record are not zero");
  }
  const auto header_bytes = load<uint32_t>(record, 8);
  if (header_bytes > length - kRecordPrefixBytes) {
    return damaged("the record's header is cut short");
  }
  DecodedRecord decoded;
  decoded.header = record.substr(kRecordPrefixBytes, header_bytes);
  decoded.record.payload = record.substr(kRecordPrefixBytes + header_bytes);
  decoded.byte_count = static_cast<uint32_t>(align_up(length, 8));
  uint32_t payload_bytes = 0;
  HENCE_TRY_VOID(decode_header(decoded.header, decoded.record.header, payload_bytes));
  if (payload_bytes != decoded.record.payload.size()) {
    return damaged("the record's payload has another length than its header says");
  }
  return decoded;
}

}  // namespace hence::log
