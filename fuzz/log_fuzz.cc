// SPDX-License-Identifier: Apache-2.0
// Damage anywhere in a log: opening and reading end in an error or give the records that were
// written, from the first on, never others. The first of its sealed segments is compressed. The input is a list
// of (place: 3 bytes, value: 1 byte).
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "log/compress.h"
#include "log/log.h"
#include "log/verify.h"
#include "os/simulated_disk.h"

namespace {

using namespace hence;

constexpr uint64_t kRecords = 24;

log::LogOptions small_options() {
  log::LogOptions options;
  options.segment_bytes = 64 << 10;
  options.zero_ahead_bytes = 4 << 10;
  options.filter_bytes_max = 1 << 16;
  return options;
}

std::string payload_of(uint64_t number) { return std::string(5'000 + number * 7, static_cast<char>('a' + number % 26)); }

void write_log(os::SimulatedDisk& disk) {
  log::OpenReport report;
  auto opened = log::Log::open(disk, small_options(), report);
  HENCE_CHECK(opened.ok());
  for (uint64_t i = 1; i <= kRecords; ++i) {
    const std::string payload = payload_of(i);
    log::Record record;
    record.header.address = {1, i};
    record.header.time = {static_cast<int64_t>(i)};
    record.header.event_hash = Hash128{i, i};
    record.payload = payload;
    HENCE_CHECK((*opened)->append_commit({&record, 1}).ok());
  }
  const auto sealed = (*opened)->next_to_compress();
  HENCE_CHECK(sealed.has_value());
  auto compressed = log::compress_segment(disk, *sealed);
  HENCE_CHECK(compressed.ok() && (*opened)->take_compressed(std::move(compressed).value()).ok());
}

void damage(os::SimulatedDisk& disk, const uint8_t* data, size_t size) {
  const auto names = disk.list();
  HENCE_CHECK(names.ok() && !names->empty());
  for (size_t at = 0; at + 4 <= size && at < 256; at += 4) {
    uint64_t place = data[at] | uint64_t{data[at + 1]} << 8 | uint64_t{data[at + 2]} << 16;
    for (const std::string& name : *names) {
      auto file = disk.open(name, os::OpenMode::existing);
      HENCE_CHECK(file.ok());
      const auto bytes = (*file)->size();
      HENCE_CHECK(bytes.ok());
      if (place >= *bytes) {
        place -= *bytes;
        continue;
      }
      HENCE_CHECK((*file)->write_at(place, std::string(1, static_cast<char>(data[at + 3]))).ok());
      break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  os::SimulatedDisk disk;
  write_log(disk);
  damage(disk, data, size);
  (void)log::verify(disk);
  log::OpenReport report;
  auto opened = log::Log::open(disk, small_options(), report);
  if (!opened.ok()) return 0;
  auto cursor = (*opened)->read_from((*opened)->begin());
  if (!cursor.ok()) return 0;
  uint64_t number = 0;
  while (true) {
    const auto entry = cursor->next();
    if (!entry.ok() || !*entry) break;
    ++number;
    HENCE_CHECK((*entry)->record.header.address == (Address{1, number}));
    HENCE_CHECK((*entry)->record.payload == payload_of(number));
  }
  HENCE_CHECK(number <= kRecords);
  return 0;
}
