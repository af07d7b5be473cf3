// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is wrong with a document: every fault at once, each with where it stands and, where a word
// was mistyped, the nearest one that would do. Used for workflows and for resources.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "json/yaml.h"

namespace hence::workflow {

struct Fault {
  ErrorCode code = ErrorCode::WorkflowInvalid;  ///< or NotSupported, ResourceInvalid
  std::string pointer;                          ///< RFC 6901, from the root of its document
  json::Place place;                            ///< in the file; line 0 where unknown
  std::string message;                          ///< one sentence: expected, found, what to do

  /// "line 3, column 7: /do/0/greet: unknown key \"st\"; did you mean \"set\"?"
  std::string to_string() const;
};

/// Collects the faults of one document.
class Faults {
 public:
  Faults() = default;
  explicit Faults(const json::YamlDocument* document, ErrorCode code = ErrorCode::WorkflowInvalid)
      : document_(document), code_(code) {}

  /// At the value of pointer, or at the nearest ancestor that exists.
  void add(std::string_view pointer, std::string message);
  /// At the key of pointer (an unknown key, a bad name).
  void add_at_key(std::string_view pointer, std::string message);
  /// Valid, but not run by this version.
  void add_unsupported(std::string_view pointer, std::string message);
  void add(Fault fault) { faults_.push_back(std::move(fault)); }

  /// Whether the document is one that somebody wrote, not one read back from records.
  bool of_file() const { return document_ != nullptr; }
  bool empty() const { return faults_.empty(); }
  size_t size() const { return faults_.size(); }
  const std::vector<Fault>& list() const { return faults_; }
  auto begin() const { return faults_.begin(); }
  auto end() const { return faults_.end(); }

  /// In the order of the file.
  void sort();
  /// All of them as one error: the code of the first, a line each. Requires !empty().
  Error to_error(std::string_view file_name = {}) const;

 private:
  const json::YamlDocument* document_ = nullptr;
  ErrorCode code_ = ErrorCode::WorkflowInvalid;
  std::vector<Fault> faults_;
};

/// The candidate nearest to word by edit distance, empty if none is near enough to suggest.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates);
/// The same, but only where word is surely a slip for it: at most one letter longer or shorter. Empty too for a
/// candidate itself.
std::string_view nearest_slip(std::string_view word, std::span<const std::string_view> candidates);
/// "; did you mean \"x\"?" or, where nothing is near, "; expected one of a, b, c".
std::string suggestion(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace hence::workflow
