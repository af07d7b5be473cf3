// SPDX-License-Identifier: Apache-2.0
#pragma once

// The task machine: pure and deterministic. One Machine serves one command for one instance: it
// decides, pushes each fact to `facts` and applies it at once, and runs on through every task that
// needs nothing from outside, until all frames wait or the command's budget of steps is used up.
//
//   std::vector<Fact> facts;
//   Machine machine(*definition, instance, context, facts);
//   Advance advance = machine.start(input);         // or on_timer, on_call_result, cancel, …
//   if (advance.more) …                             // later: Machine(…).go_on()

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "json/value.h"
#include "workflow/calls.h"
#include "workflow/definition.h"
#include "workflow/facts.h"
#include "workflow/instance.h"
#include "workflow/loop_cursors.h"

namespace hence::workflow {

/// Bounds of one instance; going over one faults it with a sentence naming the limit.
struct Limits {
  uint64_t steps = 10'000'000;             ///< Instance::steps
  uint64_t context_bytes = 16 << 20;       ///< of `$context` as text
  uint64_t frames = 20'000;                ///< active at once (branches)
  uint64_t compensations = 10'000;         ///< tasks registered to be undone at once
  uint64_t call_bytes = 16 << 20;          ///< of one call's request as text
  uint64_t listen_bytes = 16 << 20;        ///< of what one `listen` holds as text
  uint64_t children = 1'000;               ///< subflows awaited at once
};

/// The world, as data.
struct StepContext {
  UtcTime now;
  uint64_t seed = 0;     ///< for jitter and ids; another one each command
  Address instance;      ///< `$workflow.id`, ids of emitted events
  uint32_t step_budget = 10'000;
  Limits limits = {};
  std::string_view runtime_version = "0.1.0";
  std::string_view traceparent = {};  ///< of emitted events; empty if none
  expr::Budget expression_budget = expr::kWorkflowBudget;  ///< of each expression
  /// The secrets of use.secrets, where tasks may read them outside of calls. Errors: SecretUnavailable.
  std::function<Result<json::Value>()> read_secrets = nullptr;
  /// Why an event must not be emitted, empty if it may; null: every event may.
  std::function<std::string(const json::Value& event)> check_event = nullptr;
  /// The full name "ns/name:version" of what a subflow names; null: it is taken as it is.
  /// Errors: NotFound; any other: it may not be started.
  std::function<Result<std::string>(std::string_view workflow)> find_workflow = nullptr;
  LoopCursors* loops = nullptr;  ///< kept from command to command, for speed alone
};

/// What a command came to.
struct Advance {
  bool more = false;     ///< the budget is used up: call go_on() in another command
  bool ignored = false;  ///< nothing waited for it (late timer or result, ended instance)
  std::string why = {};  ///< of what was ignored: what came before it, or why it cannot be done; may be empty
};

/// Whether a cancel undoes what was done first.
enum class Undo : uint8_t { no, yes };
/// What was decided about an approval, and by whom.
struct Decision {
  Verdict verdict = Verdict::granted;
  std::string by;
  std::string reason;
  bool claimed = false;  ///< the name was said, and nothing proved it
};
/// What becomes of a parked compensation.
enum class Parked : uint8_t { redrive, skip };

class Machine {
 public:
  /// Borrows all four for the time of one command.
  Machine(const Definition& definition, Instance& instance, const StepContext& context,
          std::vector<Fact>& facts)
      : definition_(definition), instance_(instance), context_(context), facts_(facts) {}

  /// A new instance (phase pending).
  Advance start(json::View input);
  Advance on_timer(TimerId timer);
  /// A result for a CallRequested that was not detached. again: the call may have been made before
  /// this, and what came of that is not known.
  Advance on_call_result(CallId call, const CallOutcome& outcome, bool again = false);
  /// An event of the site of a wait. Ignored also where it is not for this instance: another value
  /// of a key, a test that does not hold.
  Advance on_event(WaitId wait, json::View event, Address position, uint32_t depth = 0);
  Advance cancel(std::string_view reason, Undo undo = Undo::no);
  /// Ignored where nobody waits for it.
  Advance decide_approval(ApprovalId approval, const Decision& decision);
  /// Ignored where no compensation is parked.
  Advance decide_parked(Parked decision);
  /// No task begins until resume(). by, reason: who asks and why. Ignored where it is suspended already,
  /// but that a person makes a suspension of the parent's one of their own.
  Advance suspend(std::string_view by, std::string_view reason, Asker asker = Asker::person);
  /// What came meanwhile takes effect, in the order it came. Asked by the parent it is ignored where a
  /// person suspended the instance itself.
  Advance resume(Asker asker = Asker::person);
  /// Runs a faulted instance on from the task that failed; input: instead of what that task had.
  Advance retry(const std::optional<json::Value>& input);
  /// Ends a task that waits, or of a faulted instance the one that failed, with this output or, without
  /// one, its input. task: its name, or its reference where names are not enough.
  Advance skip(std::string_view task, const std::optional<json::Value>& output);
  /// Replaces `$context`.
  Advance set_context(json::View context);
  /// Continues after `more`; does nothing if nothing is runnable.
  Advance go_on();

 private:
  const Definition& definition_;
  Instance& instance_;
  const StepContext& context_;
  std::vector<Fact>& facts_;
};

}  // namespace hence::workflow
