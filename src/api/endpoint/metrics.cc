// SPDX-License-Identifier: Apache-2.0
#include "api/endpoint/metrics.h"

#include <algorithm>

namespace hence::api {
namespace {

void add_counter(std::string& text, std::string_view name, std::string_view help, uint64_t value) {
  text.append("# TYPE ").append(name).append(" counter\n# HELP ").append(name).append(" ");
  text.append(help).append("\n").append(name).append("_total ").append(std::to_string(value));
  text += '\n';
}

void add_gauge(std::string& text, std::string_view name, std::string_view help, uint64_t value) {
  text.append("# TYPE ").append(name).append(" gauge\n# HELP ").append(name).append(" ");
  text.append(help).append("\n").append(name).append(" ").append(std::to_string(value));
  text += '\n';
}

void add_engine(std::string& text, const EngineCounters& engine) {
  add_counter(text, "hence_events", "Events accepted, duplicates not counted.", engine.events);
  add_counter(text, "hence_duplicates", "Events seen before.", engine.duplicates);
  add_counter(text, "hence_events_refused", "Events that did not fit their type, refused.", engine.refused);
  add_counter(text, "hence_events_faulty", "Events that did not fit their type, accepted (mode warn).", engine.faulty);
  add_counter(text, "hence_commands", "Commands decided.", engine.commands);
  add_counter(text, "hence_records", "Records made.", engine.records);
  add_counter(text, "hence_commits", "Commits made durable.", engine.commits);
  add_counter(text, "hence_commit_bytes", "Bytes of commits.", engine.commit_bytes);
  text += "# TYPE hence_sync_seconds counter\n# UNIT hence_sync_seconds seconds\n"
          "# HELP hence_sync_seconds Time spent writing and syncing commits.\n"
          "hence_sync_seconds_total " +
          std::to_string(static_cast<double>(engine.sync_micros) / 1e6) + "\n";
  add_counter(text, "hence_overloaded", "Requests refused because the queue was full.",
              engine.overloaded);
  add_counter(text, "hence_limits_near", "Instances that came to use half of a limit, once each and limit.",
              engine.limits_near);
  add_gauge(text, "hence_queue_commands", "Commands waiting to be decided.", engine.queued);
  add_gauge(text, "hence_disk_low", "1 while free space is below disk.reserve.",
            engine.disk_low ? 1 : 0);
}

}  // namespace

void Metrics::count_answer(const Route* route, int status) {
  const size_t row = route == nullptr ? answers_.size() - 1
                                      : static_cast<size_t>(route - all_routes().data());
  const auto column = static_cast<size_t>(std::clamp(status / 100, 1, 5) - 1);
  answers_[row][column].fetch_add(1, std::memory_order_relaxed);
}

std::string Metrics::text(const EngineCounters& engine, std::string_view version) const {
  std::string text = "# TYPE hence_build info\n# HELP hence_build The program.\n"
                     "hence_build_info{version=\"";
  text.append(version).append("\"} 1\n");
  add_engine(text, engine);
  text += "# TYPE hence_http_requests counter\n"
          "# HELP hence_http_requests Requests answered, by route and class of status.\n";
  for (size_t row = 0; row < answers_.size(); ++row) {
    const Route* route = row < all_routes().size() ? &all_routes()[row] : nullptr;
    for (size_t column = 0; column < answers_[row].size(); ++column) {
      const uint64_t count = answers_[row][column].load(std::memory_order_relaxed);
      if (count == 0) continue;
      text += "hence_http_requests_total{method=\"";
      text += route ? method_name(route->method) : "none";
      text.append("\",route=\"").append(route ? route->path : "none").append("\",status=\"");
      text.append(std::to_string(column + 1)).append("xx\"} ").append(std::to_string(count));
      text += '\n';
    }
  }
  return text;
}

}  // namespace hence::api
