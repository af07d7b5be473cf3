// SPDX-License-Identifier: Apache-2.0
// `hence bench idle`: what a server costs that does nothing: memory, time to start, size on disk.

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cli/bench/measure.h"
#include "cli/commands.h"

namespace hence::cli {
namespace {

constexpr int kStarts = 5;
constexpr auto kSettle = std::chrono::seconds(2);

/// What `strip` leaves of a program: up to the last section that is loaded, and the table of sections.
uint64_t stripped_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  Elf64_Ehdr header{};
  file.read(reinterpret_cast<char*>(&header), sizeof header);
  if (!file || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64) return 0;
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  file.seekg(static_cast<std::streamoff>(header.e_shoff));
  file.read(reinterpret_cast<char*>(sections.data()), static_cast<std::streamsize>(sections.size() * sizeof(Elf64_Shdr)));
  if (!file) return 0;
  uint64_t end = 0;
  for (const Elf64_Shdr& section : sections) {
    if ((section.sh_flags & SHF_ALLOC) != 0 && section.sh_type != SHT_NOBITS) end = std::max(end, section.sh_offset + section.sh_size);
  }
  return end + sections.size() * sizeof(Elf64_Shdr);
}

/// Resident bytes of the processes whose parent this is (the supervisor of shell commands).
uint64_t children_bytes(pid_t parent) {
  uint64_t bytes = 0;
  const std::string folder = "/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children";
  std::ifstream file(folder);
  for (pid_t child = 0; file >> child;) bytes += bench::process_facts(child).resident_bytes;
  return bytes;
}

Result<json::Value> measure_idle(const bench::CommonFlags& common) {
  HENCE_TRY(const bench::Folder folder, bench::Folder::create(common.folder));
  std::vector<double> starts;
  uint64_t resident = 0, children = 0;
  for (int i = 0; i < kStarts; ++i) {  // the first makes the folder, the others find it
    HENCE_TRY(const auto server, bench::Server::start(folder.path()));
    starts.push_back(server->start_seconds() * 1e3);
    if (i + 1 < kStarts) continue;
    std::this_thread::sleep_for(kSettle);
    resident = server->facts().resident_bytes;
    children = children_bytes(server->pid());
  }
  const double first = starts.front();
  std::sort(starts.begin(), starts.end());
  json::Builder out;
  out.begin_object().member("bench", "idle").key("value").number(bench::rounded(static_cast<double>(resident) / (1 << 20), 4)).member("unit", "MiB");
  out.key("supervisorMiB").number(bench::rounded(static_cast<double>(children) / (1 << 20), 4));
  out.key("startMs").begin_object().key("onNewFolder").number(bench::rounded(first, 3));
  out.key("p50").number(bench::rounded(starts[kStarts / 2], 3)).key("worst").number(bench::rounded(starts.back(), 3)).end_object();
  const auto program = std::filesystem::canonical("/proc/self/exe").string();
  out.key("programBytes").number(static_cast<int64_t>(std::filesystem::file_size(program)));
  out.key("strippedBytes").number(static_cast<int64_t>(stripped_bytes(program)));
  bench::write_machine(out);
  out.end_object();
  return std::move(out).finish();
}

}  // namespace

int bench_idle(const Call& call) {
  bench::CommonFlags common;
  Flags flags(call);
  flags.text("--dir", common.folder, "a folder on the disk to measure, for data that goes afterwards; else this one");
  flags.output(common.output, Format::json);
  if (const auto code = flags.parse()) return *code;
  return print(call, common, measure_idle(common));
}

}  // namespace hence::cli
