// SPDX-License-Identifier: Apache-2.0
#pragma once

// What comes to the engine from outside. A command is answered, by its ticket, when the record it
// made is durable.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "engine/effect.h"
#include "event/event.h"
#include "json/value.h"
#include "resource/catalogue.h"
#include "workflow/machine.h"

namespace hence::engine {

class Definitions;

/// Who asked, why, and the trace it belongs to; kept in the record's header.
struct Actor {
  std::string principal;
  std::string reason;
  std::string traceparent;
};

/// Which rules an event met, and under which definitions that was found. The I/O threads fill it
/// against their snapshot; the engine matches again where its partition has adopted another one.
struct Matched {
  struct Failure {
    uint32_t rule = 0;
    std::string error;
  };
  uint64_t version = 0;  ///< of Definitions; 0: not matched yet
  resource::VerdictPtr verdict = {};  ///< what does not fit the event's type; null if it fits
  std::vector<uint32_t> rules;
  std::vector<Failure> failures;
  std::vector<uint32_t> sites;          ///< `listen` filters it meets, by index in the namespace's sites
  std::vector<Failure> site_failures;
};

struct IngestEvent {
  event::Event event;
  std::string source;  ///< the Source resource it came by, empty for POST /events
  Matched matched;
};

/// One resource to be set, or, where value is null, deleted.
struct ResourceChange {
  std::string name_space;
  std::string kind;        ///< resource::kind_name
  std::string name;        ///< for workflows "ns/name:version"
  json::Value value;       ///< the document; null deletes
  std::string digest;      ///< of the document; the same digest changes nothing
};

/// All or none. compiled is built, off the engine thread, on top of version base.
struct ApplyResources {
  std::vector<ResourceChange> changes;
  std::shared_ptr<const Definitions> compiled;
  uint64_t base = 0;
  std::string asked = {};   ///< what was asked for, whatever that changes; with an Idempotency-Key
  std::string answer = {};  ///< what whoever asks again under the key is told
};

/// The rules of the command's namespace were merged into one index, off the engine thread: made as
/// Definitions::merged of an older version, from. Changes nothing that anyone could see, so it makes no record.
struct AdoptIndex {
  std::shared_ptr<const Definitions> from;
  std::shared_ptr<const Definitions> merged;
};

/// What a request that becomes several commands is about, kept under its Idempotency-Key before they are made:
/// the same request under the key gets the first answer, and makes the same commands.
struct KeepAnswer {
  std::string asked;
  std::string answer;
};

struct StartInstance {
  enum class OnConflict : uint8_t { existing, reject, replace };
  std::string workflow;  ///< "ns/name" or "ns/name:version"
  json::Value input;
  std::string key;       ///< places it; empty: its own id
  std::string id;        ///< the caller's own unique id, may be empty
  OnConflict on_conflict = OnConflict::existing;
};

struct CancelInstance {
  Address instance;
  workflow::Undo undo = workflow::Undo::no;  ///< what its tasks did is undone first (metadata.compensate)
};

/// The parked compensation of an instance runs again, or is left undone.
struct DecideParked {
  Address instance;
  workflow::Parked decision = workflow::Parked::redrive;
};

/// The principal of a request where the server knows nobody: it has no token.
inline constexpr std::string_view kAnonymous = "anonymous";

/// The command's principal decides an approval: its instance, and the machine's number.
struct DecideApproval {
  EffectId approval;
  bool grant = false;
  std::string by;  ///< who they say they are; counts only where nobody is known
};

/// What else a person does to one instance; the reason is the actor's.
struct ActOnInstance {
  enum class Act : uint8_t { suspend, resume, retry, skip, set_context, send_event };
  Act act = Act::suspend;
  Address instance;
  std::string task = {};                    ///< of a skip: its name or reference
  std::optional<json::Value> value = {};    ///< input of a retry, output of a skip, the context
  std::optional<event::Event> event = {};   ///< for this instance alone
};
/// By which source an event came that was sent to one instance.
inline constexpr std::string_view kOperatorSource = "operator";
/// "suspend", "set context", …: for sentences.
std::string_view act_name(ActOnInstance::Act act);

/// An attempt of an effect ended.
struct AttemptEnded {
  EffectId effect;
  uint32_t attempt = 0;
  Outcome outcome;
  Address instance = {};  ///< whose call it was, none for a delivery
};

/// A parked delivery is to be tried again.
struct RedriveDelivery {
  EffectId effect;
};

/// The clock moved: timers of the partition that are due fire.
struct TimersDue {
  Partition partition = 0;
};

/// Work an earlier command left over its budget.
struct ContinueInstance {
  Address instance;
};

/// The program is newer than the folder (feature_level.h).
struct RaiseFeatureLevel {
  uint32_t level = 0;
};

/// Rows of instances and deliveries of the partition that were over before a time go; at most so
/// many. Where nothing is to go there is no record.
struct ForgetEnded {
  Partition partition = 0;
  UtcTime before;
  uint32_t limit = 1'000;
};

struct Command {
  uint64_t ticket = 0;  ///< chosen by the sender, comes back with the reply; 0: no reply wanted
  std::string name_space = "default";
  Actor actor;
  UtcTime now;          ///< stamped where the command entered
  uint64_t random = 0;  ///< randomness for whatever it decides
  std::string idempotency_key;
  std::variant<IngestEvent, ApplyResources, StartInstance, CancelInstance, AttemptEnded,
               RedriveDelivery, TimersDue, ContinueInstance, AdoptIndex, RaiseFeatureLevel, ForgetEnded,
               DecideParked, DecideApproval, ActOnInstance, KeepAnswer>
      body;
};

/// What the sender is told, once it is durable.
struct Reply {
  uint64_t ticket = 0;
  std::optional<Error> error;
  Address address;          ///< of the event or the instance
  bool duplicate = false;   ///< seen before; address is the first one's
  uint64_t version = 0;     ///< of the definitions, for ApplyResources
  resource::VerdictPtr verdict = {};  ///< why its type refused an event, or what does not fit in an accepted one
  bool stale_base = false;  ///< ApplyResources built on an old version: build again
  bool repeated = false;    ///< kept under the Idempotency-Key, from the first time
  std::string answer = {};  ///< of ApplyResources and KeepAnswer
};

}  // namespace hence::engine
