// SPDX-License-Identifier: Apache-2.0
#include "server/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/crash_point.h"
#include "engine/overlay.h"
#include "json/builder.h"
#include "json/parse.h"
#include "log/format.h"
#include "log/segment_list.h"
#include "log/verify.h"
#include "os/real_disk.h"
#include "server/checked_json.h"
#include "store/rocks_store.h"

namespace hence::server {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kInfoFile = "checkpoint.json";
constexpr std::string_view kFactsFile = "hence.json";
constexpr std::string_view kUnfinished = ".unfinished-";
constexpr size_t kCopyBytes = 1 << 20;
constexpr uint64_t kInfoBytesMax = 64 << 10;

Error failed(const std::string& what, const std::error_code& code) {
  return Error(code == std::errc::no_space_on_device ? ErrorCode::DiskFull : ErrorCode::DiskFailed,
               what + ": " + code.message());
}

/// Copies the first bytes of a file to a new one and syncs it.
Status copy_bytes(os::File& source, uint64_t bytes, const std::string& to_folder, const std::string& name) {
  HENCE_TRY(const auto to, os::RealDisk::open_existing(to_folder));
  HENCE_TRY(const auto target, to->open(name, os::OpenMode::create_new));
  std::string buffer(kCopyBytes, '\0');
  for (uint64_t at = 0; at < bytes;) {
    const auto want = static_cast<size_t>(std::min<uint64_t>(buffer.size(), bytes - at));
    HENCE_TRY(const size_t got, source.read_at(at, {buffer.data(), want}));
    if (got == 0) {
      return Error(ErrorCode::DiskFailed, "cannot copy " + name + " to " + to_folder + ": it ends at byte " +
                                              std::to_string(at) + ", before the " + std::to_string(bytes) +
                                              " that it was to have");
    }
    HENCE_TRY_VOID(target->write_at(at, std::string_view(buffer).substr(0, got)));
    at += got;
  }
  HENCE_TRY_VOID(target->sync_data());
  return to->sync_folder();
}

Status copy_file(const std::string& from_folder, const std::string& to_folder, const std::string& name) {
  HENCE_TRY(const auto from, os::RealDisk::open_existing(from_folder));
  HENCE_TRY(const auto source, from->open(name, os::OpenMode::read_only));
  HENCE_TRY(const uint64_t bytes, source->size());
  return copy_bytes(*source, bytes, to_folder, name);
}

/// The first kInfoBytesMax bytes of a file.
Result<std::string> read_text(const std::string& folder, std::string_view name) {
  HENCE_TRY(const auto disk, os::RealDisk::open_existing(folder));
  HENCE_TRY(const auto file, disk->open(name, os::OpenMode::read_only));
  HENCE_TRY(const uint64_t size, file->size());
  std::string text(std::min(size, kInfoBytesMax), '\0');
  HENCE_TRY(const size_t got, file->read_at(0, text));
  text.resize(got);
  return text;
}

/// The same file under another name, or a copy where the file system has no such thing.
Status link_file(const std::string& from_folder, const std::string& to_folder, const std::string& name) {
  std::error_code code;
  fs::create_hard_link(from_folder + "/" + name, to_folder + "/" + name, code);
  if (!code) return {};
  return copy_file(from_folder, to_folder, name);
}

Status sync_files(const std::string& folder) {
  HENCE_TRY(const auto disk, os::RealDisk::open_existing(folder));
  HENCE_TRY(const auto names, disk->list());
  for (const std::string& name : names) {
    HENCE_TRY(const auto file, disk->open(name, os::OpenMode::existing));
    HENCE_TRY_VOID(file->sync_data());
  }
  return disk->sync_folder();
}

Status make_folder(const std::string& path) {
  std::error_code code;
  fs::create_directories(path, code);
  return code ? Status(failed("the folder " + path + " cannot be made", code)) : Status();
}

/// Absolute and without a slash at its end, so that it has a parent and a name.
Result<std::string> whole_path(const std::string& path) {
  std::error_code code;
  fs::path whole = fs::absolute(path, code);
  if (!code) whole = fs::weakly_canonical(whole, code);
  if (code) return failed("the folder \"" + path + "\" cannot be found", code);
  if (!whole.has_filename()) whole = whole.parent_path();
  return whole.string();
}

Status rename_folder(const std::string& from, const std::string& to) {
  std::error_code code;
  fs::rename(from, to, code);
  if (code) return failed(from + " cannot be renamed to " + to, code);
  HENCE_TRY(const auto parent, os::RealDisk::open_existing(fs::path(to).parent_path().string()));
  return parent->sync_folder();
}

uint64_t bytes_below(const std::string& folder) {
  uint64_t bytes = 0;
  std::error_code code;
  for (auto it = fs::recursive_directory_iterator(folder, code); !code && it != fs::end(it); it.increment(code)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) bytes += it->file_size(ignored);
  }
  return bytes;
}

Status write_file(const std::string& folder, std::string_view name, const std::string& text) {
  HENCE_TRY(const auto disk, os::RealDisk::open_existing(folder));
  HENCE_TRY(const auto file, disk->open(name, os::OpenMode::create_new));
  HENCE_TRY_VOID(file->write_at(0, text));
  HENCE_TRY_VOID(file->sync_data());
  return disk->sync_folder();
}

/// The log up to where it is durable: sealed segments whole, of others what is acknowledged.
Status copy_log(const std::string& from, const std::string& to, const DurableMark& mark) {
  HENCE_TRY_VOID(make_folder(to));
  for (const auto& segment : mark.view.segments->sealed) {
    HENCE_TRY_VOID(link_file(from, to, log::segment_name(segment->base)));
  }
  for (const DurableMark::OpenSegment& segment : mark.open) {
    HENCE_TRY_VOID(copy_bytes(*segment.file, segment.bytes, to, log::segment_name(segment.base)));
  }
  HENCE_TRY(const auto disk, os::RealDisk::open_existing(to));
  return disk->sync_folder();
}

std::optional<log::Digest> parse_digest(std::string_view hex) {
  log::Digest digest{};
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (size_t i = 0; i < digest.size(); ++i) {
    const char* begin = hex.data() + 2 * i;
    const auto [end, error] = std::from_chars(begin, begin + 2, digest[i], 16);
    if (error != std::errc() || end != begin + 2) return std::nullopt;
  }
  return digest;
}

Result<CheckpointInfo> parse_info(const std::string& text, const std::string& folder) {
  const auto damaged = [&](const std::string& why) {
    return Error(ErrorCode::LogDamaged, folder + "/" + std::string(kInfoFile) + " " + why +
                                            "; use another checkpoint");
  };
  const Result<json::Value> parsed = json::parse(text);
  if (!parsed.ok() || !(*parsed)->is_object()) return damaged("is unreadable");
  const json::View info = *parsed;
  const auto number = [&](std::string_view name) {
    const auto member = info.find(name);
    return member && member->is_number() ? member->as_int64() : std::nullopt;
  };
  const auto format = number("format");
  if (!format) return damaged("has no format number");
  const bool whole = checksum_fits(text, info);
  if (!whole && (*format <= kCheckpointFormat || info.find("checksum"))) return damaged("has changed since it was written");
  if (*format > kCheckpointFormat) {
    return Error(ErrorCode::LogVersionNewer, "the checkpoint " + folder + " was made by a newer version of hence (format " +
                                                 std::to_string(*format) + "); use that version");
  }
  CheckpointInfo made;
  made.name = fs::path(folder).filename().string();
  const auto position = number("position");
  const auto created = parse_rfc3339(info.string_or("created", ""));
  const auto chain = parse_digest(info.string_or("chain", ""));
  if (!position || *position < 0 || !created.ok() || !chain) return damaged("lacks position, chain or time");
  made.position = {static_cast<uint64_t>(*position)};
  made.created = *created;
  made.chain = *chain;
  made.version = info.string_or("version", "");
  made.bytes = bytes_below(folder);
  return made;
}

/// Every byte of the log, up to the hash that the checkpoint names; hence.json; the state's files.
Status check_contents(const std::string& folder, const CheckpointInfo& info) {
  const auto damaged = [&](const std::string& what) {
    return Error(ErrorCode::LogDamaged, "the checkpoint " + folder + " is damaged: " + what + "; use another one");
  };
  std::error_code code;
  if (!fs::exists(folder + "/log", code) && !code) return damaged("its folder log is missing");
  HENCE_TRY(const auto disk, os::RealDisk::open_existing(folder + "/log"));
  HENCE_TRY(const log::VerifyReport report, log::verify(*disk, log::VerifyExpectation{info.position, info.chain}));
  if (report.damage) return damaged("log/" + report.damage->to_string());
  if (!report.torn.empty()) return damaged("log/" + report.torn);
  const Status facts = check_data_folder_facts(folder);
  if (!facts.ok() && facts.error().code() == ErrorCode::ConfigurationInvalid) {
    return damaged(std::string(kFactsFile) + " is not as it was written");
  }
  if (!facts.ok()) return facts;
  return store::verify_rocks_store(folder + "/state", "Use another checkpoint");
}

}  // namespace

json::Value CheckpointInfo::to_json() const {
  json::Builder builder;
  builder.begin_object().member("name", name).member("created", format_rfc3339(created));
  builder.key("position").number(static_cast<int64_t>(position.value));
  builder.member("chain", log::to_hex(chain)).member("version", version);
  builder.key("bytes").number(static_cast<int64_t>(bytes)).end_object();
  return std::move(builder).finish();
}

Status check_checkpoint_name(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  if (!name.empty() && name.size() <= kCheckpointNameBytesMax && name.front() != '.' &&
      name.find_first_not_of(kAllowed) == std::string_view::npos) {
    return {};
  }
  return Error(ErrorCode::RequestInvalid, "\"" + std::string(name) + "\" is no name for a checkpoint: use up to " +
                                              std::to_string(kCheckpointNameBytesMax) +
                                              " letters, digits, - _ and .");
}

std::string checkpoint_name(UtcTime now) {
  std::string name = format_rfc3339({now.micros - now.micros % 1'000'000});
  std::replace(name.begin(), name.end(), ':', '-');
  return name;
}

Result<DurableMark> mark_durable(const log::Log& log, os::Disk& disk) {
  DurableMark mark{log.view(), log.chain(), {}};
  const Position durable = mark.view.end;
  const auto& open = mark.view.segments->open;
  for (size_t i = 0; i < open.size() && open[i].base < durable; ++i) {
    const bool last = i + 1 == open.size() || open[i + 1].base >= durable;
    const Position end = last ? durable : open[i + 1].base;
    HENCE_TRY(auto file, disk.open(log::segment_name(open[i].base), os::OpenMode::read_only));
    mark.open.push_back({open[i].base, end.value - open[i].base.value, std::move(file)});
  }
  return mark;
}

Result<CheckpointInfo> create_checkpoint(const std::string& parent, const std::string& name,
                                         const DataFolder& folder, store::Store& store,
                                         UtcTime now, std::string_view version,
                                         const std::function<Result<DurableMark>()>& mark) {
  HENCE_TRY_VOID(check_checkpoint_name(name));
  const std::string target = parent + "/" + name;
  const std::string unfinished = parent + "/" + std::string(kUnfinished) + name;
  std::error_code code;
  if (fs::exists(target, code)) return Error(ErrorCode::Conflict, "there is a checkpoint " + name + " already");
  fs::remove_all(unfinished, code);
  HENCE_TRY_VOID(make_folder(unfinished));
  const auto write = [&]() -> Result<CheckpointInfo> {
    // First of all: it says whose this is, for remove_unfinished.
    HENCE_TRY_VOID(copy_file(folder.path(), unfinished, std::string(kFactsFile)));
    HENCE_TRY_VOID(store.checkpoint(unfinished + "/state"));
    HENCE_TRY_VOID(sync_files(unfinished + "/state"));
    HENCE_CRASH_POINT("checkpoint-state-copied");
    HENCE_TRY(const DurableMark durable, mark());
    HENCE_TRY_VOID(copy_log(folder.log_path(), unfinished + "/log", durable));
    CheckpointInfo info;
    info.name = name;
    info.created = now;
    info.position = durable.view.end;
    info.chain = durable.chain;
    info.version = version;
    json::Builder builder;
    builder.begin_object().key("format").number(int64_t{kCheckpointFormat});
    const json::Value shown = info.to_json();
    for (const auto [key, value] : shown->members()) {
      if (key != "name" && key != "bytes") builder.member(key, value);
    }
    builder.end_object();
    HENCE_TRY_VOID(write_file(unfinished, kInfoFile, with_checksum(std::move(builder).finish())));
    HENCE_CRASH_POINT("checkpoint-before-rename");
    HENCE_TRY_VOID(rename_folder(unfinished, target));
    HENCE_CRASH_POINT("checkpoint-done");
    info.bytes = bytes_below(target);
    return info;
  };
  Result<CheckpointInfo> info = write();
  if (!info.ok()) fs::remove_all(unfinished, code);
  return info;
}

std::vector<std::string> remove_unfinished(const std::string& parent, const DataFolder& folder) {
  std::vector<std::string> found;
  std::error_code code;
  for (auto it = fs::directory_iterator(parent, code); !code && it != fs::end(it); it.increment(code)) {
    if (it->path().filename().string().starts_with(kUnfinished)) found.push_back(it->path().string());
  }
  const Result<std::string> own = read_text(folder.path(), kFactsFile);
  std::erase_if(found, [&](const std::string& path) {
    if (fs::exists(path + "/" + std::string(kFactsFile), code)) {
      const Result<std::string> theirs = read_text(path, kFactsFile);
      if (!own.ok() || !theirs.ok() || *theirs != *own) return true;
    }
    fs::remove_all(path, code);
    return bool(code);
  });
  return found;
}

Result<CheckpointInfo> read_checkpoint(const std::string& folder) {
  std::error_code code;
  if (!fs::exists(folder + "/" + std::string(kInfoFile), code)) {
    return Error(ErrorCode::NotFound, "there is no checkpoint in " + folder + ": it has no " + std::string(kInfoFile));
  }
  HENCE_TRY(const std::string text, read_text(folder, kInfoFile));
  return parse_info(text, folder);
}

Result<std::vector<CheckpointInfo>> list_checkpoints(const std::string& parent) {
  std::vector<CheckpointInfo> found;
  std::error_code code;
  for (auto it = fs::directory_iterator(parent, code); !code && it != fs::end(it); it.increment(code)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with('.')) continue;
    Result<CheckpointInfo> info = read_checkpoint(it->path().string());
    if (info.ok()) found.push_back(std::move(*info));
  }
  if (code && code != std::errc::no_such_file_or_directory) return failed(parent + " cannot be listed", code);
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return found;
}

Status verify_data_folder(const std::string& path) {
  std::error_code code;
  if (fs::exists(path + "/" + std::string(kFactsFile), code)) HENCE_TRY_VOID(check_data_folder_facts(path));
  if (!fs::exists(path + "/state/CURRENT", code)) return {};
  return store::verify_rocks_store(path + "/state");
}

Result<CheckpointInfo> restore_checkpoint(const std::string& checkpoint, const std::string& data_folder) {
  HENCE_TRY(const std::string folder, whole_path(checkpoint));
  HENCE_TRY(const std::string target, whole_path(data_folder));
  HENCE_TRY(CheckpointInfo info, read_checkpoint(folder));
  std::error_code code;
  if (fs::exists(target, code) && !fs::is_empty(target, code)) {
    return Error(ErrorCode::Conflict, target + " is not empty: restore into a folder that does not exist yet");
  }
  HENCE_TRY_VOID(check_contents(folder, info));
  const std::string unfinished = target + std::string(kUnfinished);
  fs::remove_all(unfinished, code);
  const auto write = [&]() -> Status {
    for (const std::string part : {"/log", "/state"}) {
      HENCE_TRY_VOID(make_folder(unfinished + part));
      HENCE_TRY(const auto disk, os::RealDisk::open_existing(folder + part));
      HENCE_TRY(const auto names, disk->list());
      for (const std::string& name : names) HENCE_TRY_VOID(copy_file(folder + part, unfinished + part, name));
    }
    HENCE_TRY_VOID(copy_file(folder, unfinished, std::string(kFactsFile)));
    store::RocksOptions options;
    options.folder = unfinished + "/state";
    HENCE_TRY(const auto store, store::open_rocks_store(options));
    HENCE_TRY(const Position applied, engine::Overlay::applied_position(*store));
    if (applied > info.position) {
      return Error(ErrorCode::LogDamaged, "the checkpoint " + folder + " is damaged: its state is of position " +
                                              std::to_string(applied.value) + ", beyond its log");
    }
    return {};
  };
  Status status = write();
  if (status.ok()) {
    fs::remove(target, code);  // an empty one
    status = rename_folder(unfinished, target);
  }
  if (status.ok()) return info;
  fs::remove_all(unfinished, code);
  return status.error();
}

}  // namespace hence::server
