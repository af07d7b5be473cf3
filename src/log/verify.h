// SPDX-License-Identifier: Apache-2.0
#pragma once

// `hence log verify`: reads every byte of a log and checks all that it says of itself.

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "log/sha256.h"

namespace hence::os {
class Disk;
}

namespace hence::log {

/// The first thing that is wrong.
struct Damage {
  std::string file;
  uint64_t offset = 0;               ///< in the file
  std::optional<Address> address;    ///< of the record there, if it can still be read
  std::string what;                  ///< a sentence

  std::string to_string() const;
};

struct VerifyReport {
  std::optional<Damage> damage;  ///< none: the log is whole
  std::string torn;              ///< unfinished commit at the end, which open would cut; not damage
  uint64_t segments = 0;
  uint64_t compressed = 0;  ///< of the segments
  uint64_t commits = 0;
  uint64_t records = 0;
  Position begin;
  Position end;
  Digest chain{};  ///< after the last whole commit
};

struct VerifyExpectation {
  Position position;  ///< a commit's end, say from a signed checkpoint
  Digest chain{};     ///< the chain's hash there
};

/// Checks checksums, digests, chain, sequences, and that footers say what the records do. Stops at
/// the first damage. Only reads: a disk that cannot be written will do. Errors: DiskFailed, LogVersionNewer.
Result<VerifyReport> verify(os::Disk& disk,
                            const std::optional<VerifyExpectation>& expectation = {});

}  // namespace hence::log
