// SPDX-License-Identifier: Apache-2.0
#pragma once

// Showing resources, for `hence get` and for nouns of their own (`hence workflow list`).

#include "cli/command.h"
#include "cli/flags.h"
#include "resource/resource.h"

namespace hence::cli {

/// The kinds a user may name, in the singular.
inline constexpr std::string_view kKindWords[] = {"rule", "workflow", "source", "sink", "secret", "event-type", "schedule"};

/// Both return the exit code.
int show_resources(const Call& call, const ServerFlags& server, const OutputFlags& output,
                   const ListFlags& list, resource::Kind kind);
int show_resource(const Call& call, const ServerFlags& server, const OutputFlags& output,
                  resource::Kind kind, const std::string& name);

}  // namespace hence::cli
