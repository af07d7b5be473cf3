// SPDX-License-Identifier: Apache-2.0
#include "calendar/zone.h"

#include <algorithm>
#include <limits>

#include "calendar/civil.h"
#include "calendar/posix_rule.h"

namespace hence::calendar {
namespace {

constexpr int64_t kBegin = std::numeric_limits<int64_t>::min();
constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
constexpr int64_t kCycleYears = 400;
constexpr int64_t kCycleSeconds = 146'097 * kDaySeconds;

}  // namespace

/// One TZif file: a header and data of 32-bit times that old readers want, then the same with 64 bits.
class ZoneReader {
 public:
  ZoneReader(std::string_view name, std::string_view bytes) : bytes_(bytes) { zone_->name_ = name; }

  Result<std::shared_ptr<const Zone>> read() {
    if (bytes_.size() > kZoneBytesMax || !header()) return bad("no TZif header");
    if (version_ < '2') return bad("version 1, without times beyond 2037");
    if (!skip(transitions_ * 5 + types_ * 6 + chars_ + leaps_ * 8 + standards_ + universals_)) return bad("cut short");
    if (!header()) return bad("no second header");
    if (types_ == 0 || !data()) return bad("cut short or out of order");
    if (!skip(chars_ + leaps_ * 12 + standards_ + universals_)) return bad("cut short");
    HENCE_TRY_VOID(footer());
    return std::shared_ptr<const Zone>(zone_);
  }

 private:
  Error bad(const std::string& why) const {
    return Error(ErrorCode::TimeInvalid, "the data of time zone " + zone_->name_ + " is not usable: " + why);
  }
  bool skip(size_t count) {
    if (count > bytes_.size() - at_) return false;
    at_ += count;
    return true;
  }
  int64_t number(size_t at, size_t size) const {
    uint64_t value = static_cast<uint8_t>(bytes_[at]) >= 0x80 && size < 8 ? ~uint64_t{0} : 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(bytes_[at + i]);
    return static_cast<int64_t>(value);
  }

  bool header() {
    const size_t begin = at_;
    if (!skip(44) || bytes_.substr(begin, 4) != "TZif") return false;
    version_ = bytes_[begin + 4];
    size_t* const counts[] = {&universals_, &standards_, &leaps_, &transitions_, &types_, &chars_};
    for (size_t i = 0; i < 6; ++i) {
      const int64_t count = number(begin + 20 + 4 * i, 4);
      if (count < 0 || count > static_cast<int64_t>(kZoneBytesMax)) return false;
      *counts[i] = static_cast<size_t>(count);
    }
    return true;
  }

  bool data() {
    const size_t times = at_, indexes = times + transitions_ * 8, types = indexes + transitions_;
    if (!skip(transitions_ * 9 + types_ * 6)) return false;
    const auto offset_of = [&](size_t type) { return static_cast<int32_t>(number(types + type * 6, 4)); };
    for (size_t type = 0; type < types_; ++type) {
      if (std::abs(int64_t{offset_of(type)}) > 26 * 3600) return false;
    }
    zone_->transitions_ = {{kBegin, offset_of(0)}};
    for (size_t i = 0; i < transitions_; ++i) {
      const int64_t time = number(times + i * 8, 8);
      const size_t type = static_cast<uint8_t>(bytes_[indexes + i]);
      if (type >= types_ || (i > 0 && time <= zone_->transitions_.back().at)) return false;
      // Some files begin with the "big bang"; no cron looks there.
      if (time < -(int64_t{1} << 40) || time > (int64_t{1} << 40)) {
        zone_->transitions_.front().offset = offset_of(type);
      } else if (offset_of(type) != zone_->transitions_.back().offset) {
        zone_->transitions_.push_back({time, offset_of(type)});
      }
    }
    return true;
  }

  Status footer() {
    const std::string_view rest = bytes_.substr(at_);
    const size_t end = rest.find('\n', 1);
    if (rest.empty() || rest[0] != '\n' || end == std::string_view::npos) return bad("no footer");
    const std::string_view text = rest.substr(1, end - 1);
    if (text.empty()) return {};  // the last offset holds for ever
    HENCE_TRY(const PosixRule rule, PosixRule::parse(text));
    if (!rule.daylight) return {};
    std::vector<Zone::Transition>& all = zone_->transitions_;
    const int64_t begin = all.back().at;
    // A year more than a cycle: the file's last year may be the rule's only in part.
    const int64_t from = begin == kBegin ? 1970 : civil_from_days(floor_div(begin, kDaySeconds)).year;
    for (int64_t year = from; year <= from + kCycleYears + 1; ++year) {
      for (const Zone::Transition& next : rule.transitions(year)) {
        if (next.at > all.back().at && next.offset != all.back().offset) all.push_back(next);
      }
    }
    zone_->cycles_ = all.back().at > begin;
    return {};
  }

  std::string_view bytes_;
  size_t at_ = 0;
  char version_ = 0;
  size_t universals_ = 0, standards_ = 0, leaps_ = 0, transitions_ = 0, types_ = 0, chars_ = 0;
  std::shared_ptr<Zone> zone_ = std::shared_ptr<Zone>(new Zone());
};

std::shared_ptr<const Zone> Zone::utc() {
  std::shared_ptr<Zone> zone(new Zone());
  zone->transitions_ = {{kBegin, 0}};
  return zone;
}

Result<std::shared_ptr<const Zone>> Zone::parse(std::string_view name, std::string_view tzif) {
  return ZoneReader(name, tzif).read();
}

size_t Zone::index_of(int64_t second) const {
  const auto after = std::upper_bound(transitions_.begin(), transitions_.end(), second,
                                      [](int64_t at, const Transition& one) { return at < one.at; });
  return static_cast<size_t>(after - transitions_.begin()) - 1;
}

Zone::Transition Zone::transition_at(int64_t second) const {
  const int64_t last = transitions_.back().at;
  if (!cycles_ || second <= last) return transitions_[index_of(second)];
  const int64_t cycles = floor_div(second - last - 1, kCycleSeconds) + 1;
  Transition found = transitions_[index_of(second - cycles * kCycleSeconds)];
  found.at += cycles * kCycleSeconds;
  return found;
}

Zone::Transition Zone::next_transition(int64_t after) const {
  const int64_t last = transitions_.back().at;
  if (after >= last && !cycles_) return {kEnd, transitions_.back().offset};
  const int64_t cycles = after < last ? 0 : floor_div(after - last, kCycleSeconds) + 1;
  Transition found = transitions_[index_of(after - cycles * kCycleSeconds) + 1];
  found.at += cycles * kCycleSeconds;
  return found;
}

int32_t Zone::offset_at(int64_t second) const { return transition_at(second).offset; }

bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '/' || name.back() == '/') return false;
  char before = '/';
  for (char c : name) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '_';
    if (!word && (c != '/' || before == '/')) return false;
    before = c;
  }
  return true;
}

Result<std::shared_ptr<const Zone>> Zones::find(std::string_view name) const {
  if (name == "UTC" || name == "Etc/UTC") return Zone::utc();
  if (!is_zone_name(name)) {
    return Error(ErrorCode::TimeInvalid, "expected a time zone such as Europe/Berlin, found \"" + std::string(name) + "\"");
  }
  if (!load_) return Error(ErrorCode::NotFound, "there is no time zone \"" + std::string(name) + "\": only UTC is known here");
  HENCE_TRY(const std::string bytes, load_(name));
  return Zone::parse(name, bytes);
}

}  // namespace hence::calendar
