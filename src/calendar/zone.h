// SPDX-License-Identifier: Apache-2.0
#pragma once

// A time zone as a value: since when which offset from UTC holds. Read from a file of the system's
// database (TZif, RFC 8536), whose bytes somebody else has loaded. What follows the file's last
// transition is computed from its footer (a POSIX rule), for as long as the calendar goes on.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hence::calendar {

/// Files of the database are some KB.
inline constexpr size_t kZoneBytesMax = 1 << 20;

class Zone {
 public:
  /// From `at` on, in seconds since 1970, local time is UTC + offset seconds.
  struct Transition {
    int64_t at = 0;
    int32_t offset = 0;
  };

  static std::shared_ptr<const Zone> utc();
  /// Errors: TimeInvalid, the bytes are no zone of version 2 or later.
  static Result<std::shared_ptr<const Zone>> parse(std::string_view name, std::string_view tzif);

  const std::string& name() const { return name_; }
  int32_t offset_at(int64_t second) const;
  /// The transition in force at the second (its `at` is INT64_MIN before the first), and the one
  /// after a given one; at the end of time its `at` is INT64_MAX.
  Transition transition_at(int64_t second) const;
  Transition next_transition(int64_t after) const;

 private:
  Zone() = default;
  friend class ZoneReader;

  size_t index_of(int64_t second) const;

  std::string name_ = "UTC";
  std::vector<Transition> transitions_;  ///< by time; the first is at INT64_MIN
  bool cycles_ = false;                  ///< the last 400 years of them come again and again
};

/// "Europe/Berlin": letters, digits, `+`, `-`, `_` in parts divided by `/`; so never a path elsewhere.
bool is_zone_name(std::string_view name);

/// What a process knows of zones. Loading is the edge's. Any thread may use it.
class Zones {
 public:
  /// The bytes of a zone's file. Errors: NotFound, FileUnreadable.
  using Load = std::function<Result<std::string>(std::string_view name)>;

  Zones() = default;  ///< knows UTC only
  Zones(Load load, std::string version) : load_(std::move(load)), version_(std::move(version)) {}

  /// Errors: TimeInvalid (no name of a zone, or broken data), and those of loading.
  Result<std::shared_ptr<const Zone>> find(std::string_view name) const;
  /// Of the database: "2025b".
  const std::string& version() const { return version_; }

 private:
  Load load_;
  std::string version_ = "none";
};

}  // namespace hence::calendar
