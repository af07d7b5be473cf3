// SPDX-License-Identifier: Apache-2.0
#include "filter/regular_expression.h"

#include <re2/re2.h>

#include <algorithm>

namespace hence::filter {

namespace {

RE2::Options options() {
  RE2::Options out;
  out.set_log_errors(false);
  out.set_max_mem(kRegexMemoryMax);
  return out;
}

constexpr int kPrefixBytes = 32;

/// What the smallest and the greatest matching text begin with, all between them begin with too.
std::string common_prefix(const RE2& expression) {
  std::string low;
  std::string high;
  if (!expression.PossibleMatchRange(&low, &high, kPrefixBytes)) return "";
  const size_t size = std::min(low.size(), high.size());
  size_t same = 0;
  while (same < size && low[same] == high[same]) ++same;
  return low.substr(0, same);
}

}  // namespace

Result<RegularExpression> RegularExpression::parse(std::string_view source) {
  const auto refuse = [](std::string why) {
    return Error(ErrorCode::PatternInvalid, "regexp: " + std::move(why));
  };
  if (source.size() > kRegexBytesMax) {
    return refuse("longer than " + std::to_string(kRegexBytesMax) + " bytes");
  }
  // Alone first: `a)(b` must not become valid by what is put around it.
  const RE2 alone(re2::StringPiece(source.data(), source.size()), options());
  if (!alone.ok()) return refuse(alone.error());
  RegularExpression out;
  out.source_ = std::string(source);
  auto whole = std::make_shared<const RE2>("\\A(?:" + out.source_ + ")\\z", options());
  if (!whole->ok()) return refuse(whole->error());
  if (whole->ProgramSize() > kRegexProgramMax) {
    return refuse("compiles to " + std::to_string(whole->ProgramSize()) + " instructions; the limit is " +
                  std::to_string(kRegexProgramMax) + "; repeat less often than {n,m} says");
  }
  out.prefix_ = common_prefix(*whole);
  out.compiled_ = std::move(whole);
  return out;
}

bool RegularExpression::matches(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

size_t RegularExpression::memory_bytes() const {
  constexpr size_t kInstructionBytes = 16;
  return sizeof(*this) + sizeof(RE2) + source_.capacity() + prefix_.capacity() +
         static_cast<size_t>(compiled_->ProgramSize()) * kInstructionBytes;
}

}  // namespace hence::filter
