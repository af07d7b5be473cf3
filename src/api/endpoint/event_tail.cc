// SPDX-License-Identifier: Apache-2.0
#include "api/endpoint/event_tail.h"

#include "base/log_line.h"
#include "engine/query_json.h"
#include "json/write.h"

namespace hence::api {
namespace {

constexpr auto kPause = std::chrono::milliseconds(10);  // between looks at the log's end
constexpr Duration kHeartbeat = Duration::seconds(15);
constexpr size_t kRecordsPerTurn = 2'000;          // of one follower that catches up
constexpr size_t kUnsentBytesMax = 256 << 10;      // beyond it, catching up waits for the client

}  // namespace

/// A record as followers see it, read and written out only when the first one wants it.
class EventTail::Shown {
 public:
  explicit Shown(const log::Cursor::Entry& entry) : entry_(entry) {}

  bool is_event() const { return entry_.record.header.event_hash.has_value(); }
  std::string_view name_space() const { return entry_.record.header.namespace_name; }

  /// Errors: LogDamaged.
  Result<bool> fits(const Filter& filter) {
    HENCE_TRY_VOID(read());
    if (!item_) return false;
    const json::View event = (*item_)->find("event").value_or(json::View());
    if (!event.is_object()) return filter.type.empty() && filter.source.empty();
    return engine::type_fits(event.string_or("type", ""), filter.type) &&
           (filter.source.empty() || event.string_or("source", "") == filter.source);
  }

  const std::string& text() {
    if (!text_.empty()) return text_;
    std::string data = (*item_)->to_text();
    if (data.size() > engine::kShownBytesMax) data = engine::without_data(*item_)->to_text();
    text_ = "id: " + std::to_string(entry_.next.value) + "\nevent: event\ndata: " + data + "\n\n";
    return text_;
  }

 private:
  Status read() {
    if (item_) return {};
    HENCE_TRY(const engine::ReadRecord record, engine::to_read_record(entry_.record));
    const auto* accepted = engine::find_fact<engine::EventAccepted>(record.facts);
    if (accepted == nullptr) return {};
    json::Builder builder;
    engine::add_event(builder, record, *accepted);
    item_ = std::move(builder).finish();
    return {};
  }

  const log::Cursor::Entry& entry_;
  std::optional<json::Value> item_;
  std::string text_;
};

EventTail::~EventTail() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wakes_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void EventTail::follow(ExchangePtr exchange, Filter filter, std::optional<Position> from) {
  bool taken = false;
  {
    const std::lock_guard lock(mutex_);
    taken = !stopping_ && follower_count_ < kFollowersMax;
    if (taken) {
      ++follower_count_;
      requests_.push_back({exchange, std::move(filter), from});
      if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    }
  }
  wakes_.notify_all();
  if (!taken) exchange->fail(Error(ErrorCode::Overloaded, "too many streams are open already"));
}

/// Sleeps while nobody follows; false at the end.
bool EventTail::wait() {
  std::vector<Request> requests;
  {
    std::unique_lock lock(mutex_);
    follower_count_ = followers_.size() + requests_.size();
    const auto woken = [this] { return stopping_ || !requests_.empty(); };
    if (followers_.empty()) {
      end_.reset();
      wakes_.wait(lock, woken);
      next_beat_ = options_.clock->monotonic() + kHeartbeat;
    } else {
      wakes_.wait_for(lock, kPause, woken);
    }
    if (stopping_) return false;
    requests.swap(requests_);
  }
  view_ = options_.backend.read_view().log;
  if (const Status status = read_end(); !status.ok()) end_all(status.error());
  admit(std::move(requests));
  return true;
}

void EventTail::run() {
  while (wait()) {
    for (Follower& follower : followers_) {
      if (follower.behind) catch_up(follower);
    }
    beat();
    std::erase_if(followers_, [](const Follower& follower) { return follower.stream.closed(); });
  }
  followers_.clear();
  const std::lock_guard lock(mutex_);
  requests_.clear();
}

/// Newcomers, after everybody else has been told of what is in the view.
void EventTail::admit(std::vector<Request> requests) {
  for (Request& request : requests) {
    std::optional<log::Cursor> behind;
    if (request.from) {
      Result<log::Cursor> cursor = log::Cursor::open(options_.log_disk, view_, *request.from);
      if (!cursor.ok()) {
        request.exchange->fail(cursor.error());
        continue;
      }
      behind = std::move(*cursor);
    }
    HttpResponse head = HttpResponse::with_body(200, "text/event-stream", ": hence events\n\n");
    head.header("cache-control", "no-store");
    StreamOptions stream;
    stream.gap_marker = "event: gap\ndata: {}\n\n";
    followers_.push_back({request.exchange->name_space(), std::move(request.filter),
                          request.exchange->start_stream(std::move(head), std::move(stream)),
                          std::move(behind)});
  }
}

/// Reads what came since the last time, once for all that have caught up. The cursor stands at the
/// view's end afterwards. Errors: LogDamaged, DiskFailed, BeyondRetention.
Status EventTail::read_end() {
  if (!end_) {
    HENCE_TRY(end_, log::Cursor::open(options_.log_disk, view_, view_.end));
    return {};
  }
  end_->refresh(view_);
  while (true) {
    HENCE_TRY(const auto entry, end_->next());
    if (!entry) return {};
    Shown shown(*entry);
    if (!shown.is_event()) continue;
    for (Follower& follower : followers_) {
      if (!follower.behind) send(follower, shown);
    }
  }
}

/// One turn of a follower that is behind; at the view's end it is behind no more.
void EventTail::catch_up(Follower& follower) {
  follower.behind->refresh(view_);
  for (size_t i = 0; i < kRecordsPerTurn; ++i) {
    if (follower.stream.unsent_bytes() > kUnsentBytesMax) return;
    const auto entry = follower.behind->next();
    if (!entry.ok()) {
      follower.stream.end();
      return;
    }
    if (!*entry) {
      follower.behind.reset();
      return;
    }
    Shown shown(**entry);
    if (shown.is_event() && !send(follower, shown)) return;
  }
}

/// False when the stream is over.
bool EventTail::send(Follower& follower, Shown& shown) {
  if (follower.name_space != shown.name_space()) return true;
  const Result<bool> wanted = shown.fits(follower.filter);
  if (!wanted.ok()) {
    follower.stream.end();
    return false;
  }
  return !*wanted || follower.stream.write(shown.text());
}

void EventTail::beat() {
  const os::MonotonicTime now = options_.clock->monotonic();
  if (now < next_beat_) return;
  next_beat_ = now + kHeartbeat;
  for (Follower& follower : followers_) follower.stream.write(": heartbeat\n\n");
}

void EventTail::end_all(const Error& error) {
  log_line(LogLevel::error, "event streams end because the log cannot be read: " + error.message());
  followers_.clear();
  end_.reset();
}

}  // namespace hence::api
