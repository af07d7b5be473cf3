// SPDX-License-Identifier: Apache-2.0
#include "log/file_cache.h"

#include <algorithm>

#include "log/format.h"

namespace hence::log {

Result<SegmentFile*> FileCache::open(Position base) {
  for (auto it = files_.begin(); it != files_.end(); ++it) {
    if (it->first != base) continue;
    files_.splice(files_.begin(), files_, it);
    return files_.front().second.get();
  }
  const std::string name = segment_name(base);
  auto file = SegmentFile::open(*disk_, base);
  if (!file.ok()) {
    if (file.error().code() == ErrorCode::LogDamaged) return file.error();
    HENCE_TRY(const auto names, disk_->list());
    if (std::find(names.begin(), names.end(), name) != names.end()) return file.error();
    return Error(ErrorCode::BeyondRetention,
                 "the log's segment " + name + " is no longer kept: retention dropped it");
  }
  if (files_.size() >= kFilesMax) files_.pop_back();
  files_.emplace_front(base, std::move(file).value());
  return files_.front().second.get();
}

void FileCache::close(Position base) {
  files_.remove_if([base](const auto& entry) { return entry.first == base; });
}

void FileCache::close_replaced(const SegmentList& list) {
  files_.remove_if([&list](const auto& entry) {
    const SealedSegment* sealed = list.find_sealed(entry.first);
    if (sealed != nullptr) return sealed->compressed() != entry.second->compressed();
    return std::none_of(list.open.begin(), list.open.end(), [&entry](const auto& open) {
      return open.base == entry.first;
    });
  });
}

}  // namespace hence::log
