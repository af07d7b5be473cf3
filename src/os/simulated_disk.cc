// SPDX-License-Identifier: Apache-2.0
#include "os/simulated_disk.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace hence::os {

namespace {

Error failed(std::string_view verb, std::string_view name, std::string_view why) {
  std::string message = "cannot ";
  message += verb;
  message += " simulated:";
  message += name;
  message += ": ";
  message += why;
  return Error(ErrorCode::DiskFailed, std::move(message));
}

/// Counts down to the call that is to fail; 0 stays "none".
bool is_due(uint64_t& countdown) { return countdown != 0 && --countdown == 0; }

void check_name(std::string_view name) {
  HENCE_CHECK(!name.empty() && name.find('/') == std::string_view::npos);
}

}  // namespace

class SimulatedFile final : public File {
 public:
  SimulatedFile(SimulatedDisk& disk, std::shared_ptr<SimulatedDisk::Node> node, OpenMode mode)
      : disk_(disk), node_(std::move(node)), generation_(disk.generation_), mode_(mode) {}

  Result<size_t> read_at(uint64_t offset, std::span<char> out) override {
    HENCE_TRY_VOID(check_alive());
    const std::string& image = node_->current;
    if (offset >= image.size()) return size_t{0};
    const size_t size = std::min<size_t>(out.size(), image.size() - offset);
    std::memcpy(out.data(), image.data() + offset, size);
    return size;
  }
  Status write_at(uint64_t offset, std::string_view bytes) override {
    HENCE_TRY_VOID(check_writable());
    return disk_.write(*node_, {offset, std::string(bytes), false});
  }
  Result<uint64_t> size() override {
    HENCE_TRY_VOID(check_alive());
    return uint64_t{node_->current.size()};
  }
  Status preallocate_written(uint64_t size_wanted) override {
    HENCE_TRY_VOID(check_writable());
    const uint64_t from = node_->current.size();
    if (from >= size_wanted) return {};
    return disk_.write(*node_, {from, std::string(size_wanted - from, '\0'), false});
  }
  Status sync_data() override {
    HENCE_TRY_VOID(check_alive());
    return disk_.sync(*node_);
  }
  Status truncate(uint64_t size_wanted) override {
    HENCE_TRY_VOID(check_writable());
    return disk_.write(*node_, {size_wanted, {}, true});
  }

 private:
  Status check_alive() const {
    if (generation_ == disk_.generation_) return {};
    return failed("use", node_->name, "it was opened before the crash");
  }
  Status check_writable() const {
    HENCE_TRY_VOID(check_alive());
    if (mode_ != OpenMode::read_only) return {};
    return failed("write", node_->name, "Bad file descriptor");
  }

  SimulatedDisk& disk_;
  std::shared_ptr<SimulatedDisk::Node> node_;
  uint64_t generation_;
  OpenMode mode_;
};

SimulatedDisk::SimulatedDisk(SimulatedClock* clock) : clock_(clock) {}
SimulatedDisk::~SimulatedDisk() = default;

Result<std::unique_ptr<File>> SimulatedDisk::open(std::string_view name, OpenMode mode) {
  check_name(name);
  auto found = names_.find(name);
  if (found == names_.end()) {
    if (mode == OpenMode::existing || mode == OpenMode::read_only) {
      return failed("open", name, "No such file or directory");
    }
    auto node = std::make_shared<Node>();
    node->name = name;
    found = names_.emplace(name, std::move(node)).first;
  } else if (mode == OpenMode::create_new) {
    return failed("open", name, "File exists");
  }
  return std::unique_ptr<File>(std::make_unique<SimulatedFile>(*this, found->second, mode));
}

Result<std::vector<std::string>> SimulatedDisk::list() {
  std::vector<std::string> names;
  for (const auto& entry : names_) names.push_back(entry.first);
  return names;
}

Status SimulatedDisk::rename(std::string_view from, std::string_view to) {
  check_name(from);
  check_name(to);
  const auto found = names_.find(from);
  if (found == names_.end()) return failed("rename", from, "No such file or directory");
  std::shared_ptr<Node> node = found->second;
  names_.erase(found);
  node->name = to;
  names_.insert_or_assign(std::string(to), std::move(node));
  return sync_folder();
}

Status SimulatedDisk::remove(std::string_view name) {
  check_name(name);
  const auto found = names_.find(name);
  if (found == names_.end()) return failed("remove", name, "No such file or directory");
  names_.erase(found);
  return sync_folder();
}

Status SimulatedDisk::sync_folder() {
  HENCE_TRY_VOID(begin_sync("."));
  durable_names_ = names_;
  return {};
}

Result<uint64_t> SimulatedDisk::free_bytes() {
  const uint64_t used = used_bytes();
  return used < capacity_ ? capacity_ - used : 0;
}

uint64_t SimulatedDisk::used_bytes() const {
  uint64_t used = 0;
  for (const auto& entry : names_) used += entry.second->current.size();
  return used;
}

void SimulatedDisk::apply(const Write& write, std::string& image) {
  if (write.truncates) {
    image.resize(write.offset, '\0');
    return;
  }
  if (image.size() < write.offset + write.bytes.size()) {
    image.resize(write.offset + write.bytes.size(), '\0');
  }
  image.replace(write.offset, write.bytes.size(), write.bytes);
}

Status SimulatedDisk::write(Node& node, Write write) {
  const uint64_t end = write.offset + write.bytes.size();
  const uint64_t growth = end > node.current.size() ? end - node.current.size() : 0;
  if (growth > 0 && used_bytes() + growth > capacity_) {
    return Error(ErrorCode::DiskFull,
                 "cannot write simulated:" + node.name + ": No space left on device");
  }
  const bool fails = is_due(write_fault_);
  if (fails && write.truncates) return failed("truncate", node.name, "Input/output error");
  if (fails) write.bytes.resize(write.bytes.size() / 2);
  apply(write, node.current);
  node.pending.push_back(std::move(write));
  if (fails) return failed("write", node.name, "Input/output error");
  return {};
}

Status SimulatedDisk::begin_sync(std::string_view what) {
  if (clock_ != nullptr) clock_->advance(sync_time_);
  if (is_due(sync_fault_)) return failed("sync", what, "Input/output error");
  return {};
}

Status SimulatedDisk::sync(Node& node) {
  const Status begun = begin_sync(node.name);
  if (begun.ok()) {
    for (const Write& write : node.pending) apply(write, node.durable);
  }
  // After a failure the pages count as clean, as on Linux: no later sync writes them.
  node.pending.clear();
  return begun;
}

void SimulatedDisk::keep_prefix(Node& node, Random& random) {
  const uint64_t kept = below(random, node.pending.size() + 1);
  for (uint64_t i = 0; i < kept; ++i) apply(node.pending[i], node.durable);
  if (kept == node.pending.size() || node.pending[kept].truncates) return;
  Write torn = node.pending[kept];
  const uint64_t to_boundary = kSectorBytes - torn.offset % kSectorBytes;
  const uint64_t sectors = torn.bytes.size() / kSectorBytes + 1;
  const uint64_t size = below(random, sectors + 1) * kSectorBytes;
  if (size == 0) return;
  torn.bytes.resize(std::min<uint64_t>(torn.bytes.size(), size - kSectorBytes + to_boundary));
  apply(torn, node.durable);
}

void SimulatedDisk::keep_any_sectors(Node& node, Random& random) {
  for (const Write& write : node.pending) {
    if (write.truncates) {
      if (below(random, 2) == 0) apply(write, node.durable);
      continue;
    }
    for (uint64_t at = 0; at < write.bytes.size();) {
      const uint64_t step = std::min<uint64_t>(kSectorBytes - (write.offset + at) % kSectorBytes,
                                               write.bytes.size() - at);
      if (below(random, 2) == 0) {
        apply({write.offset + at, write.bytes.substr(at, step), false}, node.durable);
      }
      at += step;
    }
  }
}

void SimulatedDisk::lose_unsynced(Node& node, Random& random) {
  if (below(random, 2) == 0) {
    keep_prefix(node, random);
  } else {
    keep_any_sectors(node, random);
  }
  node.pending.clear();
  node.current = node.durable;
}

bool SimulatedDisk::is_durable(const Node& node) const {
  return std::any_of(durable_names_.begin(), durable_names_.end(),
                     [&](const auto& entry) { return entry.second.get() == &node; });
}

void SimulatedDisk::crash(Random& random) {
  ++generation_;
  write_fault_ = 0;
  sync_fault_ = 0;
  // Either all changes of names were on the disk by chance, or some creations only: a removal or a
  // rename syncs, so one that is not durable is one whose sync failed.
  if (below(random, 2) == 0) {
    Names after = durable_names_;
    for (const auto& [name, node] : names_) {
      if (is_durable(*node) || after.contains(name)) continue;
      if (below(random, 2) == 0) after.emplace(name, node);
    }
    names_ = std::move(after);
  }
  durable_names_ = names_;
  for (const auto& entry : names_) {
    entry.second->name = entry.first;
    lose_unsynced(*entry.second, random);
  }
}

void SimulatedDisk::flip_bit(std::string_view name, uint64_t offset, int bit) {
  const auto found = names_.find(name);
  HENCE_CHECK(found != names_.end() && offset < found->second->current.size());
  const auto flip = [&](std::string& image) {
    if (offset < image.size()) image[offset] = static_cast<char>(image[offset] ^ (1 << bit));
  };
  flip(found->second->current);
  flip(found->second->durable);
}

}  // namespace hence::os
