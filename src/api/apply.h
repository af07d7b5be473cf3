// SPDX-License-Identifier: Apache-2.0
#pragma once

// Makes a namespace's resources equal to documents: all of them or none.
//
//   text ─► parse ─► references ─► compare with what is there ─► compile ─► engine ─┐ durable
//                       │ every fault with its place               ▲               │
//                       └─► refusal                                └─ stale base ◄─┘
//
// Reading, comparing and compiling take time: call from a thread that may block for milliseconds,
// not an I/O thread's nor the engine's. Nothing waits for the engine: what it answers goes on in
// `then`, and a change whose base was stale is built anew by `again`.

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/backend.h"
#include "os/clock.h"
#include "workflow/faults.h"

namespace hence::api {

/// Reads the value of a namespace's Secret. Errors: SecretUnavailable.
using SecretLookup = std::function<Result<std::string>(
    const engine::Definitions& definitions, std::string_view name_space, std::string_view secret)>;

/// Reads the value of a Secret of the apply's namespace. Errors: SecretUnavailable.
using SecretOf = std::function<Result<std::string>(const std::string& name)>;
/// The text of a document that a workflow needs: a function of a catalogue, a schema. May wait. Asks for
/// the secrets that the import's authentication reads (errors: SecretUnavailable).
/// Errors: what keeps it from being read, with what to do; never a secret.
using ImportReader = std::function<Result<std::string>(const workflow::Import& import, const SecretOf& secret)>;

struct ApplyInput {
  std::string text;                    ///< YAML or JSON, any number of documents
  std::string name_space = "default";
  bool dry_run = false;                ///< everything but the change itself
  bool prune = false;                  ///< delete what the namespace has and the text does not
  engine::Actor actor = {};
  std::string idempotency_key = {};
  bool secrets_anywhere = false;       ///< `$secrets` may be read outside of calls
  ImportReader imports = {};           ///< none: workflows that need something are refused
  SecretLookup secrets = {};           ///< for imports
};

struct AppliedResource {
  enum class Outcome : uint8_t { created, changed, unchanged, deleted };
  std::string kind;  ///< resource::kind_name
  std::string name;
  Outcome outcome = Outcome::unchanged;
  std::vector<std::string> warnings = {};  ///< valid, and maybe not meant; with their place
  template <typename A> void fields(A& a) { a(kind, name, outcome, warnings); }
};
std::string_view outcome_name(AppliedResource::Outcome outcome);

struct Applied {
  uint64_t version = 0;  ///< of the definitions, after it
  /// The answer to an earlier request under the same Idempotency-Key; this one changed nothing.
  bool repeated = false;
  std::vector<AppliedResource> results;  ///< in the order of the documents, then what was deleted
  workflow::Faults warnings = {};        ///< taken, and surely not meant
};
/// Why nothing was changed: faults of the documents, or only an error.
struct ApplyRefused {
  Error error;
  workflow::Faults faults;
};
using ApplyOutcome = std::variant<Applied, ApplyRefused>;

/// Runs work soon on a thread as this page wants; false where that is not possible.
using RunAgain = std::function<bool(std::function<void()> work)>;
/// Runs once, with the outcome when it is durable: on the caller's thread, one of again's or the
/// engine's, so it must not block. Dropped without a run where the server shuts down first.
using ApplyThen = std::function<void(const ApplyOutcome&)>;

/// Borrows backend and clock until then.
void apply_documents(Backend& backend, const os::Clock& clock, ApplyInput input, RunAgain again, ApplyThen then);

/// Deletes one resource; of a workflow named without version, all versions.
/// Errors (in ApplyRefused): NotFound, Conflict (another resource refers to it; says which).
struct DeleteInput {
  std::string name_space = "default";
  resource::Kind kind = resource::Kind::rule;
  std::string name;
  engine::Actor actor = {};
  std::string idempotency_key = {};
};
void delete_resource(Backend& backend, const os::Clock& clock, DeleteInput input, RunAgain again, ApplyThen then);

}  // namespace hence::api
