// SPDX-License-Identifier: Apache-2.0
#pragma once

// One measurement of a server under load: started, loaded for a while, asked what it did, ended; the
// disk measured afterwards with writes of the size it made.

#include <map>
#include <optional>
#include <string>

#include "cli/bench/disk_limit.h"
#include "cli/bench/load.h"
#include "cli/bench/server.h"
#include "cli/flags.h"

namespace hence::cli::bench {

/// What every bench that runs a server takes.
struct CommonFlags {
  uint32_t seconds = 60;
  uint32_t connections = 0;
  std::string folder = ".";
  OutputFlags output;
};
void declare(Flags& flags, CommonFlags& common, uint32_t connections);

struct Plan {
  std::string name;
  std::string unit;             ///< "events/s"
  std::string resources;        ///< YAML; "$SINK" is the sink's URL
  RequestForm form;
  LoadOptions load;
  double seconds = 60;
  bool calls = false;           ///< each event leads to one call to the sink, and that is what counts
  size_t open_max = 0;          ///< events whose call is still awaited, with calls; 0: no bound
  double events_recorded = 1;   ///< for each event sent: itself and what rules emit for it
};

struct Measured {
  double seconds = 0;
  uint64_t events = 0;          ///< acknowledged, or answered by the sink
  uint64_t sent = 0;            ///< in all, till the last answer
  LoadCount load;
  Latencies calls;
  uint64_t calls_answered = 0;
  double generator_cpu = 0;
  std::map<std::string, double> cpu;      ///< of the server by thread, seconds
  std::map<std::string, double> metrics;  ///< what they grew by
  uint64_t resident_bytes = 0;
  uint64_t peak_bytes = 0;
  double start_seconds = 0;

  double per_second() const { return static_cast<double>(events) / seconds; }
  double metric(const std::string& name) const;
};

/// Runs the plan on a server that runs. Errors: what of it did not come true, in a sentence.
Result<Measured> measure(const Plan& plan, const Server& server, const Call& call, const std::string& folder);

/// The members every report has, from "bench" to "server"; the caller ends the object.
void write_measured(json::Builder& out, const Plan& plan, const Measured& measured, const DiskLimit& limit);

/// Runs the plan in a folder of its own and prints the report. check, on the running server, says
/// what else must hold. Returns the exit code.
int bench_server(const Call& call, const CommonFlags& common, const Plan& plan,
                 const std::function<Status(const Server&, const Measured&)>& check = nullptr);

/// Prints a report as -o says, or the error it ended with. Returns the exit code.
int print(const Call& call, const CommonFlags& common, const Result<json::Value>& report);

}  // namespace hence::cli::bench
