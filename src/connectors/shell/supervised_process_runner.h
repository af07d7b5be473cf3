// SPDX-License-Identifier: Apache-2.0
#pragma once

// The real ProcessRunner: hands commands to a supervisor process (supervisor.h), which is started
// with the first command and again should it ever end.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "delivery/process_runner.h"

namespace hence::connectors {

struct ProcessRunnerOptions {
  enum class Shell : uint8_t { deny, allow };
  Shell shell = Shell::deny;  ///< `run.shell`
  std::string work_dir;       ///< absolute; attempts' folders are made in it; made if missing
  size_t calls_max = 64;      ///< running together; more are refused as overloaded
  /// Program and arguments that become a supervisor; the work folder is added as the last one.
  std::vector<std::string> supervisor = {"/proc/self/exe", "__supervise"};
};

class SupervisedProcessRunner : public delivery::ProcessRunner {
 public:
  /// Errors: ConfigurationInvalid (a work folder that cannot be made).
  static Result<std::unique_ptr<SupervisedProcessRunner>> create(ProcessRunnerOptions options);
  /// Ends all commands and waits until they are gone (at most about 4 s); their done gets
  /// CallFailed. Not to be called from a done.
  ~SupervisedProcessRunner() override;

  /// done runs on the runner's thread, or, where the call is refused, on the caller's before start
  /// returns. done must not block.
  void start(uint64_t call_id, delivery::ProcessCall call,
             std::function<void(Result<delivery::ProcessAnswer>)> done) override;
  void cancel(uint64_t call_id) override;

 private:
  class Link;
  explicit SupervisedProcessRunner(std::unique_ptr<Link> link);
  std::unique_ptr<Link> link_;
};

}  // namespace hence::connectors
