// SPDX-License-Identifier: Apache-2.0
#pragma once

// Port: what an attempt needs to know at the moment it leaves. Secrets are read here and nowhere
// earlier, so that neither state nor log ever hold one.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/effect.h"
#include "resource/resource.h"
#include "workflow/definition.h"

namespace hence::delivery {

class Directory {
 public:
  virtual ~Directory() = default;
  /// The Sink as it is now, or null; valid until the next call of any function here.
  virtual const resource::SinkSpec* find_sink(std::string_view name_space,
                                              std::string_view name) = 0;
  /// The value of a Secret resource. Errors: SecretUnavailable, naming it, never its value.
  virtual Result<std::string> read_secret(std::string_view name_space, std::string_view name) = 0;
  /// The definition a deferred call belongs to (Effect::workflow, Effect::revision).
  /// Errors: NotFound.
  virtual Result<std::shared_ptr<const workflow::Definition>> find_workflow(
      const engine::Effect& effect) = 0;
  /// The text of file:///PATH, where the configuration lets it be read.
  virtual Result<std::string> read_file(const std::string& uri) = 0;
};

}  // namespace hence::delivery
