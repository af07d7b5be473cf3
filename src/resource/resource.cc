// SPDX-License-Identifier: Apache-2.0
#include "resource/resource.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/hash.h"
#include "json/write.h"
#include "resource/digest.h"

namespace hence::resource {
namespace {

struct KindRow {
  std::string_view name;
  std::string_view plural;
};
constexpr std::array<KindRow, 7> kKinds = {{{"Rule", "rules"},
                                            {"Workflow", "workflows"},
                                            {"Source", "sources"},
                                            {"Sink", "sinks"},
                                            {"Secret", "secrets"},
                                            {"EventType", "event-types"},
                                            {"Schedule", "schedules"}}};

/// A word in lower case without dashes: "EventType", "event-type" and "event-types" differ in an s.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != '-') out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  return out;
}

/// JSON with the keys of every object in order; depth is bounded by the reader.
void write_sorted(json::View value, std::string& out) {
  if (value.is_array()) {
    out += '[';
    for (json::View item : value.elements()) {
      write_sorted(item, out);
      out += ',';
    }
    out += ']';
  } else if (value.is_object()) {
    std::vector<json::Member> members;
    for (json::Member member : value.members()) members.push_back(member);
    std::sort(members.begin(), members.end(),
              [](const json::Member& a, const json::Member& b) { return a.key < b.key; });
    out += '{';
    for (const json::Member& member : members) {
      json::write_string(member.key, out);
      out += ':';
      write_sorted(member.value, out);
      out += ',';
    }
    out += '}';
  } else {
    json::write(value, out);
  }
}

}  // namespace

std::string_view kind_name(Kind kind) { return kKinds.at(static_cast<size_t>(kind)).name; }
std::string_view kind_plural(Kind kind) { return kKinds.at(static_cast<size_t>(kind)).plural; }

std::optional<Kind> find_kind(std::string_view word) {
  const std::string wanted = plain(word);
  for (size_t i = 0; i < kKinds.size(); ++i) {
    if (wanted == plain(kKinds[i].plural) || wanted == plain(kKinds[i].name)) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

std::string WorkflowReference::to_string() const {
  return workflow_namespace + "/" + name + (version.empty() ? "" : ":" + version);
}

std::string Resource::title() const {
  return std::string(kind_name(kind)) + " " + resource_namespace + "/" + name;
}

RetrySettings default_retry() {
  RetrySettings retry;
  retry.times.backoff = workflow::Backoff::exponential;
  retry.times.delay = Duration::seconds(1);
  retry.count = 8;
  return retry;
}

std::string digest_of(json::View document) {
  std::string text;
  write_sorted(document, text);
  const Hash128 hash = siphash128({0x68656e6365, 0x7265736f75726365}, text);
  std::array<char, 36> hex;
  std::snprintf(hex.data(), hex.size(), "%016llx%016llx",
                static_cast<unsigned long long>(hash.high),
                static_cast<unsigned long long>(hash.low));
  return hex.data();
}

}  // namespace hence::resource
