// SPDX-License-Identifier: Apache-2.0
// Retention: the oldest segments go. What may go is computed here anew, from files and records; what went is
// still known to the audit, and to a fold that goes on from where it was.

#include "base/reached.h"
#include "log/format.h"
#include "log/segment_list.h"
#include "sim/run.h"

namespace hence::sim {

void Run::retain() {
  audit();  // what goes was read before
  if (is_over() || !keep_fold()) return;
  const std::vector<Segment> before = list_segments();
  if (is_over() || before.empty()) return;
  log::RetentionLimits limits;
  limits.not_before = chance(50) ? UtcTime{0} : clock_.now() - Duration::seconds(static_cast<int64_t>(below(60)));
  limits.bytes_max = chance(30) ? uint64_t{1} << 40 : (32 << 10) + below(192 << 10);
  limits.keep_from = applied();
  note("retention, " + std::to_string(limits.bytes_max) + " bytes, not before " + std::to_string(limits.not_before.micros));
  const Position saved = limits.keep_from;
  uint64_t listed = 0;
  for (const Segment& segment : before) listed += segment.bytes;
  // What is on its way to the disk counts for the log and is not listed.
  const uint64_t staged = node_->in_flight() > 0 ? std::max(node_->log().bytes(), listed) - listed : 0;
  check(store_.flush(), "flush");
  if (is_over()) return;
  Result<uint64_t> dropped = node_->log().drop(limits);
  if (dropped.ok() && *dropped > 0 && options_.plant == Plant::retention_too_far) {
    log::RetentionLimits more = limits;
    more.bytes_max = node_->log().bytes() - 1;
    dropped = node_->log().drop(more);
  }
  if (!dropped.ok()) {
    audited_.reset();  // what went before it failed is not known
    return check(dropped.error(), "retention");
  }
  const Position begin = node_->log().begin();
  if (begin > before.front().base && options_.plant == Plant::state_dropped_too && applied() == node_->log().durable()) drop_definitions();
  if (begin > before.front().base) SIM_REACHED("sim: retention drops segments");
  if (audited_ && audited_->position <= begin) audited_.reset();
  check_dropped(before, limits, saved, staged);
  if (!is_over() && begin > before.front().base) check_living();
}

/// The planted mistake: what the dropped records of the control partition made goes from the state as well.
void Run::drop_definitions() {
  store::WriteBatch batch;
  (void)store_.scan(store::Family::state, {}, [&](std::string_view key, std::string_view) {
    const auto definition = engine::keys::parse_definition(key);
    if (!definition) return true;
    const auto record = node_->log().find({kControlPartition, definition->version});
    if (!record.ok() && record.error().code() == ErrorCode::BeyondRetention) batch.remove(store::Family::state, std::string(key));
    return true;
  });
  check(store_.apply(batch), "plant");
}

Position Run::applied() {
  const Result<Position> position = engine::Overlay::applied_position(store_);
  if (!position.ok()) broken("I-5", position.error().message());
  return position.ok() ? *position : Position{};
}

/// One sealed segment is written again; the log takes it now or later, perhaps never.
void Run::compress() {
  note("compress");
  check(node_->compress(), "compress");
  if (is_over() || !node_ || !chance(80)) return;
  SIM_REACHED("sim: a compressed segment is taken");
  check(node_->take_compressed(), "take compressed");
}

/// The fold of everything so far: after the drop no log has it all.
bool Run::keep_fold() {
  auto fold = fold_ ? std::make_unique<store::MemoryStore>(*fold_) : std::make_unique<store::MemoryStore>();
  const auto folded = engine::Engine::open(*fold, node_->log(), setup_.node.engine);
  if (!folded.ok()) {
    broken("I-4", "the log cannot be folded before retention: " + folded.error().message());
    return false;
  }
  fold_ = std::move(fold);
  audited_fold_.reset();
  return true;
}

/// Oldest first, the last one perhaps open.
std::vector<Run::Segment> Run::list_segments() {
  std::vector<Segment> segments;
  const auto names = disk_.list();
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    const std::optional<Position> base = log::parse_segment_name(name);
    if (!base) continue;
    const auto file = disk_.open(name, os::OpenMode::existing);
    const auto size = file.ok() ? (*file)->size() : Result<uint64_t>(file.error());
    if (!size.ok()) return broken("I-26", size.error().message()), segments;
    segments.push_back({*base, *size, {}});
  }
  // The open one has blocks prepared ahead, which do not count. It has no file where it was cut short at its birth.
  const log::LogView view = node_->log().view();
  const auto& open = view.segments->open;
  if (!segments.empty() && !open.empty() && open.back().base == segments.back().base) {
    segments.back().bytes = view.end.value - segments.back().base.value;
  }
  Result<log::Cursor> cursor = node_->log().read_from(node_->log().begin());
  if (!cursor.ok()) return broken("I-26", cursor.error().message()), segments;
  size_t at = 0;
  while (true) {
    const auto entry = cursor->next();
    if (!entry.ok()) return broken("I-26", entry.error().message()), segments;
    if (!*entry) return segments;
    while (at + 1 < segments.size() && (*entry)->next > segments[at + 1].base) ++at;
    segments[at].last_time = std::max(segments[at].last_time, (*entry)->record.header.time);
  }
}

void Run::check_dropped(const std::vector<Segment>& before, const log::RetentionLimits& limits, Position saved, uint64_t staged) {
  const Position begin = node_->log().begin();
  for (size_t i = 0; i < before.size() && before[i].base < begin; ++i) {
    uint64_t bytes = staged;
    for (size_t k = i; k < before.size(); ++k) bytes += before[k].bytes;
    const std::string name = "segment " + std::to_string(before[i].base.value);
    if (before[i].last_time >= limits.not_before && bytes <= limits.bytes_max) {
      broken("I-26", name + " is dropped, and is neither too old nor too much: " + std::to_string(bytes) + " bytes");
    }
    if (i + 1 == before.size() || before[i + 1].base > node_->log().durable()) {
      broken("I-26", name + " is dropped, and is the open one");
    } else if (before[i + 1].base > saved) {
      broken("I-26", name + " is dropped, and the saved state lacks records of it");
    }
  }
}

}  // namespace hence::sim
