// SPDX-License-Identifier: Apache-2.0
// `hence log verify`: offline, every byte; progress on a terminal.

#include <filesystem>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "json/builder.h"
#include "log/verify.h"
#include "os/clock.h"
#include "os/real_disk.h"

namespace hence::cli {
namespace {

constexpr Duration kProgressEvery = Duration::milliseconds(250);

std::string megabytes(uint64_t bytes) { return std::to_string(bytes / 1'000'000) + " MB"; }

/// Shows how far reading has come: bar, rate, remaining.
class Progress {
 public:
  Progress(const Io& io, uint64_t bytes)
      : io_(io), bytes_(bytes), begin_(clock_.monotonic()), shown_(begin_) {}
  ~Progress() {
    if (drawn_) io_.err("\r\x1b[K");
  }
  void add(uint64_t bytes) {
    done_ += bytes;
    const os::MonotonicTime now = clock_.monotonic();
    if (!io_.error_terminal || now - shown_ < kProgressEvery) return;
    shown_ = now;
    const auto took = static_cast<double>((now - begin_).micros) / 1e6;
    const double rate = static_cast<double>(done_) / std::max(took, 0.001);
    const double part =
        bytes_ == 0 ? 1 : std::min(1.0, static_cast<double>(done_) / static_cast<double>(bytes_));
    std::string bar(static_cast<size_t>(part * 30), '#');
    bar.resize(30, '.');
    const auto left = Duration::seconds(
        static_cast<int64_t>(static_cast<double>(bytes_ - std::min(bytes_, done_)) / rate));
    io_.err("\r[" + bar + "] " + megabytes(done_) + " of " + megabytes(bytes_) + ", " +
            megabytes(static_cast<uint64_t>(rate)) + "/s, " + format_human(left) + " left\x1b[K");
    drawn_ = true;
  }

 private:
  const Io& io_;
  uint64_t bytes_, done_ = 0;
  os::SystemClock clock_;
  os::MonotonicTime begin_, shown_;
  bool drawn_ = false;
};

/// A file that tells how much of it was read.
class CountedFile final : public os::File {
 public:
  CountedFile(std::unique_ptr<os::File> file, Progress& progress)
      : file_(std::move(file)), progress_(progress) {}
  Result<size_t> read_at(uint64_t offset, std::span<char> out) override {
    HENCE_TRY(const size_t bytes, file_->read_at(offset, out));
    progress_.add(bytes);
    return bytes;
  }
  Status write_at(uint64_t offset, std::string_view bytes) override {
    return file_->write_at(offset, bytes);
  }
  Result<uint64_t> size() override { return file_->size(); }
  Status preallocate_written(uint64_t size) override { return file_->preallocate_written(size); }
  Status sync_data() override { return file_->sync_data(); }
  Status truncate(uint64_t size) override { return file_->truncate(size); }

 private:
  std::unique_ptr<os::File> file_;
  Progress& progress_;
};

class CountedDisk final : public os::Disk {
 public:
  CountedDisk(os::Disk& disk, Progress& progress) : disk_(disk), progress_(progress) {}
  Result<std::unique_ptr<os::File>> open(std::string_view name, os::OpenMode mode) override {
    HENCE_TRY(std::unique_ptr<os::File> file, disk_.open(name, mode));
    return std::unique_ptr<os::File>(std::make_unique<CountedFile>(std::move(file), progress_));
  }
  Result<std::vector<std::string>> list() override { return disk_.list(); }
  Status rename(std::string_view from, std::string_view to) override {
    return disk_.rename(from, to);
  }
  Status remove(std::string_view name) override { return disk_.remove(name); }
  Status sync_folder() override { return disk_.sync_folder(); }
  Result<uint64_t> free_bytes() override { return disk_.free_bytes(); }

 private:
  os::Disk& disk_;
  Progress& progress_;
};

Result<log::VerifyReport> verify_folder(const Io& io, const std::string& folder) {
  HENCE_TRY(const std::unique_ptr<os::Disk> disk, os::RealDisk::open_existing(folder));
  uint64_t bytes = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    bytes += entry.file_size(ignored);
  Progress progress(io, bytes);
  CountedDisk counted(*disk, progress);
  return log::verify(counted);
}

std::string hex(const log::Digest& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const auto byte : digest) {
    text += kDigits[static_cast<uint8_t>(byte) >> 4];
    text += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  return text;
}

json::Value to_json(const log::VerifyReport& report, const Status& rest) {
  json::Builder builder;
  builder.begin_object().key("whole").boolean(!report.damage && rest.ok());
  if (!rest.ok()) builder.member("state", rest.error().message());
  if (report.damage) {
    builder.key("damage").begin_object().member("file", report.damage->file);
    builder.key("offset").number(static_cast<int64_t>(report.damage->offset));
    if (report.damage->address) builder.member("position", report.damage->address->to_string());
    builder.member("what", report.damage->what).end_object();
  }
  if (!report.torn.empty()) builder.member("torn", report.torn);
  builder.key("segments").number(static_cast<int64_t>(report.segments));
  builder.key("compressed").number(static_cast<int64_t>(report.compressed));
  builder.key("commits").number(static_cast<int64_t>(report.commits));
  builder.key("records").number(static_cast<int64_t>(report.records));
  builder.member("chain", hex(report.chain)).end_object();
  return std::move(builder).finish();
}

std::string draw(const log::VerifyReport& report, const Status& rest, const std::string& folder,
                 const Style& style) {
  std::string out = report.damage ? style.paint(Tone::bad, "✗ ") + folder +
                                        " is damaged: " + report.damage->to_string() + "\n"
                                  : style.paint(Tone::good, "✓ ") + folder + " is whole\n";
  out += "  " + plural(static_cast<int64_t>(report.segments), "segment") +
         (report.compressed > 0 ? " (" + std::to_string(report.compressed) + " compressed)" : "") + ", " +
         plural(static_cast<int64_t>(report.commits), "commit") + ", " +
         plural(static_cast<int64_t>(report.records), "record") + "\n";
  if (!report.damage) out += "  chain " + hex(report.chain) + "\n";
  if (!report.torn.empty())
    out += wrap("an unfinished commit at the end, cut when the server starts: " + report.torn, 2,
                style.columns);
  if (!rest.ok()) out += wrap("beside the log: " + rest.error().message(), 2, style.columns);
  return out;
}

}  // namespace

int log_verify(const Call& call) {
  std::string data_dir;
  OutputFlags output;
  Flags flags(call);
  flags.text("--data-dir", data_dir, "the server's data folder", Need::required);
  flags.output(output, Format::table);
  if (const auto code = flags.parse()) return *code;
  const std::string folder = data_dir + "/log";
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    return call.io.fail(
        "there is no log in " + data_dir + "; name a server's data folder with --data-dir",
        kExitWrongUse);
  }
  const Result<log::VerifyReport> report = verify_folder(call.io, folder);
  if (!report.ok()) return call.io.fail(report.error());
  const Status rest = call.programs.verify_folder ? call.programs.verify_folder(data_dir) : Status();
  call.io.out(format_value(output.format, to_json(*report, rest),
                           [&] { return draw(*report, rest, folder, style_of(call.io)); }));
  return report->damage || !rest.ok() ? kExitNo : kExitOk;
}

}  // namespace hence::cli
