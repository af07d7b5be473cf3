// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reading what clients say in paths, queries and bodies. Every error is RequestInvalid and says
// what was expected.

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/endpoint/exchange.h"
#include "engine/effect.h"
#include "engine/query.h"
#include "workflow/machine.h"

namespace hence::api {

/// A position "pp-seq" of one of the data folder's partitions. what: "event", "instance" …
Result<Address> read_address(const Context& context, std::string_view text, std::string_view what);
/// The id "pp-seq.n" of a delivery.
Result<engine::EffectId> read_effect_id(const Context& context, std::string_view text);

/// The id "pp-seq.n" of an approval.
Result<engine::EffectId> read_approval_id(const Context& context, std::string_view text);

/// limit, cursor, since, until and the filters, as far as the route has them.
Result<engine::ListOptions> read_list_options(const Context& context, const Exchange& exchange);

/// The body as a JSON object with none but these members; an empty body is an empty object.
/// Errors: also JsonInvalid, UnsupportedMediaType.
Result<json::Value> read_object(const Exchange& exchange,
                                std::span<const std::string_view> members);
/// A member that is a string of so many bytes at most; empty where it is absent.
Result<std::string> read_text(json::View object, std::string_view member, size_t bytes_max);
inline constexpr size_t kReasonBytesMax = 1'024;
/// Whether an act's body must say why; that of a dry run need not.
enum class Reason : uint8_t { optional, needed };
/// The member `reason` of a person's act or decision; where it is needed it must say something.
Result<std::string> read_reason(json::View body, Reason needed = Reason::needed);
/// An act on one instance, by the last word of the route's path and the body (instance_acts.cc).
Result<engine::Command> read_act(const Exchange& exchange, Address instance, Reason needed = Reason::needed);

/// The body {"reason": …, "compensate": true} of a cancel; compensate may be left out.
struct CancelBody {
  std::string reason;
  workflow::Undo undo = workflow::Undo::no;
};
Result<CancelBody> read_cancel(const Exchange& exchange, Reason needed = Reason::needed);

}  // namespace hence::api
