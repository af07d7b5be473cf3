// SPDX-License-Identifier: Apache-2.0
#pragma once

// Walks the commits of one segment file in order and checks each whole: places, lengths, checksums,
// chain. What does not pass ends the walk with a fault; whether it is damage or a torn tail is for
// recovery to tell.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "log/format.h"
#include "log/record_codec.h"
#include "log/window_reader.h"

namespace hence::log {

/// Where a segment stops being readable.
struct ScanFault {
  uint64_t offset = 0;             ///< of what is wrong, in the file
  std::optional<Address> address;  ///< of the record there, if it can be read
  std::string what;
  bool is_chain = false;  ///< everything is whole but the hash is another: not a torn write
};

class SegmentScanner {
 public:
  struct Commit {
    FrameHeader frame;
    uint32_t offset = 0;
    std::vector<DecodedRecord> records;  ///< valid until the next call of next()
    std::vector<uint32_t> offsets;       ///< of the records, in the file
  };
  enum class Check : uint8_t { checksums, digests_too };

  /// Begins at offset, where the chain's hash is chain; reads up to limit.
  SegmentScanner(os::File& file, Position base, uint32_t offset, uint64_t limit,
                 const Digest& chain, Check check = Check::checksums)
      : window_(file, limit), base_(base), offset_(offset), chain_(chain), check_(check) {}

  /// The next commit if it is whole; none: fault() says why (at the limit too).
  /// Errors: DiskFailed, LogVersionNewer.
  Result<bool> next();
  const Commit& commit() const { return commit_; }
  const ScanFault& fault() const { return fault_; }

  uint32_t offset() const { return offset_; }  ///< where the next commit should begin
  const Digest& chain() const { return chain_; }
  /// Up to where the last whole commit knew the log to be synced; 0 if there was none.
  Position durable() const { return durable_; }
  void set_limit(uint64_t limit) { window_.set_limit(limit); }

 private:
  bool fail(uint64_t offset, std::string what);
  Result<bool> read_records(std::string_view bytes);
  bool check_chain(std::string_view frame);

  WindowReader window_;
  Position base_;
  uint32_t offset_;
  Digest chain_;
  Position durable_;
  Check check_;
  Commit commit_;
  ScanFault fault_;
};

}  // namespace hence::log
