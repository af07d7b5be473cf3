// SPDX-License-Identifier: Apache-2.0
#pragma once

// The server a benchmark measures: `hence serve`, this very program, as a child on a data folder of
// its own, ended by its process id.

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/bench/facts.h"
#include "cli/command.h"

namespace hence::cli::bench {

/// A new folder inside another; gone with the object, unless kept.
class Folder {
 public:
  /// Errors: FileUnreadable (it cannot be made).
  static Result<Folder> create(const std::string& parent);
  Folder(Folder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  Folder& operator=(Folder&&) = delete;
  ~Folder();
  const std::string& path() const { return path_; }

 private:
  explicit Folder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// Bytes the files of a folder take on the disk.
uint64_t disk_bytes(const std::string& folder);

class Server {
 public:
  /// Starts one on folder/data and waits for /readyz. settings: lines of hence.yaml.
  /// Errors: Unreachable, with the last lines it wrote.
  static Result<std::unique_ptr<Server>> start(const std::string& folder, const std::string& settings = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  pid_t pid() const { return pid_; }
  uint16_t port() const { return port_; }
  double start_seconds() const { return start_seconds_; }  ///< from its exec to the first 200 of /readyz
  ProcessFacts facts() const { return process_facts(pid_); }
  /// /metrics by name, as far as they have no labels. Errors: Unreachable.
  Result<std::map<std::string, double>> metrics() const;
  /// Sets these resources (YAML) through `hence apply`. Errors: RequestInvalid.
  Status apply(const Call& call, const std::string& folder, const std::string& resources) const;

  /// In order, or at once as a power cut would. Both wait for its end.
  void stop();
  void kill();

 private:
  Server(pid_t pid, uint16_t port) : pid_(pid), port_(port) {}
  void end(int signal);
  Status wait_ready(const std::string& messages, double began);

  pid_t pid_;
  uint16_t port_;
  double start_seconds_ = 0;
};

}  // namespace hence::cli::bench
