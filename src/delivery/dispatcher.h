// SPDX-License-Identifier: Apache-2.0
#pragma once

// Turns effects into attempts and attempts into outcomes. The engine decides, durably, whether
// there will be another attempt; the dispatcher decides only when this one leaves.
//
//   effects ─offer─► window (bounded) ─► destinations ─► HttpClient, ProcessRunner
//      ▲                                                         │ done, on any thread
//      └── refused ones stay in the store; pull() finds them     ▼
//                     AttemptEnded ◄─poll─ answers ◄──────── mailbox ─► wake()
//
// All functions are for one thread, the driver's; only the mailbox is shared with the clients.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/destination.h"
#include "delivery/directory.h"
#include "delivery/http_client.h"
#include "delivery/outgoing.h"
#include "delivery/process_runner.h"
#include "delivery/tokens.h"
#include "engine/command.h"
#include "os/clock.h"

namespace hence::delivery {

struct DispatcherOptions {
  size_t calls_max = 1024;               ///< running at once, all destinations together
  size_t window_max = 10'000;            ///< effects held, waiting and running
  uint64_t window_bytes_max = 64 << 20;
  size_t destination_max = 1'000;        ///< effects waiting for one destination, and
  size_t destination_min = 64;           ///< the same while the window is more than half full
  uint32_t call_concurrency = 64;        ///< of workflows' calls to one host
  uint32_t shell_concurrency = 16;
  DestinationSettings destination;
  OutgoingSettings outgoing;
  /// The last record of each partition that was in the log when this process opened it: what those up to it asked
  /// for, a process before this one may have tried. Not known: so it may all that is found in the store.
  std::optional<std::vector<Address>> log_was_at;
};

/// How one destination is doing; for metrics and for people.
struct DestinationReport {
  std::string name;  ///< "sink shop", "call https://example.com", "shell"
  size_t waiting = 0;
  uint32_t in_flight = 0;
  Breaker::State breaker = Breaker::State::closed;
};

/// How one effect is doing here; for people.
struct EffectReport {
  bool under_way = false;
  UtcTime since;              ///< when the attempt under way left
  /// Of one that waits for others to end: their destination, as a DestinationReport names it, empty for
  /// all together; and how many may be under way there.
  std::string full;
  uint32_t at_once = 0;       ///< 0: it waits for nothing of that kind
  std::vector<Address> held_by;  ///< the instances of up to kHoldersMax of them
};
inline constexpr size_t kHoldersMax = 10;

class Dispatcher {
 public:
  enum class Offer : uint8_t {
    taken,
    known,  ///< held already, or its outcome was reported and is not settled yet
    later,  ///< no room; wants_pull() will say when there is
  };
  /// Ready effects in the order of their ids after `after`, without those of sinks not wanted: engine::ready_effects.
  using Reader = std::function<Result<engine::ReadyPage>(std::optional<engine::EffectId> after, size_t limit,
                                                         const engine::SinkWanted& wanted)>;

  /// Borrows all; directory and clients outlive it. wake: called on any thread when poll() has
  /// something to do.
  Dispatcher(DispatcherOptions options, Directory& directory, HttpClient& http,
             ProcessRunner& processes, std::function<void()> wake);
  ~Dispatcher();

  /// Takes an effect whose record is durable.
  Offer offer(engine::Effect effect, os::MonotonicTime now);
  /// Nobody waits for it any more: it is dropped, or its call given up. Nothing is reported.
  void cancel(const engine::EffectId& id);
  /// Starts what may leave and returns the outcomes of what ended.
  std::vector<engine::AttemptEnded> poll(os::MonotonicTime now, UtcTime wall);
  /// When poll() has something to do although nobody calls wake.
  std::optional<os::MonotonicTime> next_due() const { return next_due_; }
  /// The outcome poll() returned for this attempt is durable: the store no longer shows the effect
  /// as ready with this attempt, so it can be forgotten.
  void settled(const engine::EffectId& id, uint32_t attempt);

  /// Whether the store may hold ready effects that there is room for now. True at first.
  bool wants_pull() const;
  /// One bounded step of looking through the store's ready effects. Errors: the reader's.
  Status pull(const Reader& reader, os::MonotonicTime now);

  /// From now on nothing more leaves; what runs may end. For an orderly shutdown.
  void stop() { stopped_ = true; }
  size_t in_flight() const { return calls_.size(); }
  size_t held() const { return held_; }
  std::vector<DestinationReport> destinations() const;
  /// Nothing of an effect that is not held: it waits in the store, or its attempt has ended.
  std::optional<EffectReport> find_effect(const engine::EffectId& id) const;

 private:
  enum class State : uint8_t { waiting, flying, reported };
  struct Item {
    State state = State::waiting;
    uint32_t attempt = 0;
    uint64_t bytes = 0;
    uint64_t call_id = 0;
    UtcTime began;       ///< when it left, once it is flying
    bool again = false;  ///< a process before this one may have tried it
    std::string destination;
    engine::Effect effect;
  };
  struct Call {
    std::string destination;
    std::optional<engine::EffectId> effect;  ///< nothing once it is cancelled
    bool process = false;
    std::optional<engine::AttemptEnded> late = {};  ///< once it is cancelled: what to report if it was answered
    std::string token_policy = {};  ///< of a call that gets a token: nobody's effect
    std::string token = {};         ///< the kept token it was sent with
    bool retried = false;           ///< with a new token, after 401
  };
  /// A call that waits for its token.
  struct Waiting {
    uint64_t call_id = 0;
    HttpCall call;
  };
  struct Answer {
    uint64_t call_id = 0;
    std::optional<Result<HttpAnswer>> http;
    std::optional<Result<ProcessAnswer>> process;
  };
  /// What the clients' threads share with the dispatcher; outlives it while a done is to come.
  struct Mailbox {
    std::mutex mutex;
    std::vector<Answer> answers;
    std::function<void()> wake;  ///< empty once the dispatcher is gone
    void put(Answer answer);
    std::vector<Answer> take();
  };
  using Items = std::map<engine::EffectId, Item>;
  using Reports = std::vector<engine::AttemptEnded>;
  /// Where an effect comes from: it is new, or was found in the store by pull().
  enum class From : uint8_t { engine, store };

  Destination& destination_of(const std::string& name, const engine::Effect& effect,
                              os::MonotonicTime now);
  Offer offer(engine::Effect effect, os::MonotonicTime now, From from);
  Offer take(engine::Effect effect, os::MonotonicTime now, From from);
  bool may_have_been_tried(const engine::EffectId& id, From from) const;
  bool window_full() const;
  size_t waiting_max() const;
  bool has_room(const Destination& destination, size_t waiting_limit) const;
  void release(Item& item);

  bool start_some(os::MonotonicTime now, UtcTime wall, Reports& reports);
  bool start_next(const std::string& name, Destination& destination, os::MonotonicTime now,
                  UtcTime wall, Reports& reports);
  void set_limits(Destination& destination, os::MonotonicTime now);
  Status launch(Items::iterator item, UtcTime wall);
  void launch_http(uint64_t call_id, HttpCall call);
  /// Ends a call that did not leave, without what is hidden.
  void fail_http(uint64_t call_id, const Error& error, const std::vector<std::string>& hidden);
  /// With the token its policy asks for, once there is one.
  void launch_authorized(uint64_t call_id, HttpCall call, UtcTime wall);
  void get_token(const std::string& policy, UtcTime wall);
  void end_token(const std::string& policy, const Result<std::string>& token);
  void take_token_answer(const std::string& policy, const Result<HttpAnswer>& answer, UtcTime wall);
  /// Makes the call again with a new token, where the one kept was refused; false if not.
  bool retry_with_new_token(const Call& call, const Answer& answer, Items::iterator item,
                            UtcTime wall);
  void launch_process(uint64_t call_id, ProcessCall call);
  void take_answer(const Answer& answer, os::MonotonicTime now, UtcTime wall, Reports& reports);
  void report_late(Call call, const Answer& answer, Reports& reports);
  void judge(Destination& destination, const Answer& answer, os::MonotonicTime now, UtcTime wall);
  void put_back(Items::iterator item, Destination& destination, os::MonotonicTime now);
  void report(Items::iterator item, engine::Outcome outcome, Reports& reports);
  void find_next_due(os::MonotonicTime now);
  std::vector<Address> find_holders(std::string_view destination) const;
  void forget_idle();

  void begin_round();
  bool round_over(bool at_end);
  /// Whether a sink has room for one more; that it has none is noted.
  bool wants_of(std::string_view name_space, std::string_view sink);

  const DispatcherOptions options_;
  Directory& directory_;
  HttpClient& http_;
  ProcessRunner& processes_;
  std::shared_ptr<Mailbox> mailbox_;

  Items items_;
  std::map<std::string, Destination> destinations_;
  std::set<std::string> active_;  ///< destinations where something waits
  std::map<uint64_t, Call> calls_;
  Tokens tokens_;
  std::map<std::string, std::vector<Waiting>> waiting_;  ///< by token policy
  uint64_t last_call_ = 0;
  size_t held_ = 0;           ///< items waiting or flying
  uint64_t held_bytes_ = 0;
  std::string next_destination_;  ///< whose turn it is
  std::optional<os::MonotonicTime> next_due_;
  bool stopped_ = false;

  bool refused_any_ = true;   ///< the store may hold what is not held here
  bool pulling_ = false;      ///< a round through the store is under way
  bool wrapped_ = false;      ///< it has come to the end and begun again
  std::vector<std::string> wanting_;  ///< destinations it is for; empty: all
  std::optional<engine::EffectId> pulled_to_;
  std::optional<engine::EffectId> round_start_;
};

}  // namespace hence::delivery
