// SPDX-License-Identifier: Apache-2.0
#include "json/yaml_events.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <istream>
#include <streambuf>

#include "json/builder.h"
#include "json/parse.h"

namespace hence::json {
namespace {

constexpr std::string_view kNoAliases = "aliases (*name) are not supported; write the value out";

/// Leaves yaml-cpp from inside an event; caught in this file.
struct Refused {
  size_t offset;
  std::string what;
};

/// Reads a text in place.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

/// One open mapping or sequence.
struct Frame {
  bool is_map;
  bool is_flow;
  bool key_given = false;
  uint32_t count = 0;
};

/// Turns the events of one document into a value and its places. yaml-cpp recurses, and asks here
/// before each level: refusing depth here bounds its stack.
class Handler : public YAML::EventHandler {
 public:
  Handler(std::string_view text, const PlaceTable& table) : text_(text), table_(table) {}

  bool empty() const { return empty_; }
  void next_document() {
    empty_ = true;
    builder_ = Builder();
    document_ = YamlDocument();
    places_ = PlaceCollector(document_);
  }
  YamlDocument finish() {
    document_.value = std::move(builder_).finish();
    return std::move(document_);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    const size_t at = offset(mark);
    const bool marked = text_.substr(at, 3) == "---";
    if (!first_ && !marked && !after_document_end(at)) {
      refuse(at, "expected the end of the document; is the indentation right? A further document "
                 "begins with ---");
    }
    first_ = false;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_anchor(mark, anchor);
    if (open_.empty() && !written_null(offset(mark))) return;
    if (expects_key()) refuse(offset(mark), "the key is missing; give one, in quotes if it is null");
    check_colon();
    begin_value(mark);
    builder_.null();
    end_value();
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(offset(mark), std::string(kNoAliases));
  }
  void OnAnchor(const YAML::Mark& mark, const std::string& name) override {
    refuse(offset(mark), "anchors (&" + name + ") are not supported; write values out where used");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_anchor(mark, anchor);
    check_tag(mark, tag);
    const bool plain = tag != "!";
    if (expects_key()) return put_key(mark, value, plain);
    begin_value(mark);
    put_scalar(mark, value, plain);
    end_value();
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    begin_container(mark, tag, anchor, false, style);
    builder_.begin_array();
  }
  void OnSequenceEnd() override {
    open_.pop_back();
    builder_.end_array();
    end_value();
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    begin_container(mark, tag, anchor, true, style);
    builder_.begin_object();
  }
  void OnMapEnd() override {
    open_.pop_back();
    builder_.end_object();
    end_value();
  }

 private:
  [[noreturn]] void refuse(size_t at, std::string what) const { throw Refused{at, std::move(what)}; }

  size_t offset(const YAML::Mark& mark) const {
    return mark.pos < 0 ? 0 : std::min(static_cast<size_t>(mark.pos), text_.size());
  }
  Place place(const YAML::Mark& mark) const { return table_.at(offset(mark)); }

  bool expects_key() const {
    return !open_.empty() && open_.back().is_map && !open_.back().key_given;
  }
  /// Whether "..." stands before the document that begins at `at`, comments aside.
  bool after_document_end(size_t at) const {
    while (at > 0) {
      size_t line = text_.rfind('\n', at - 1);
      line = line == std::string_view::npos ? 0 : line + 1;
      std::string_view content = text_.substr(line, at - line);
      at = line == 0 ? 0 : line - 1;
      const size_t first = content.find_first_not_of(" \t\r");
      if (first == std::string_view::npos || content[first] == '#' || content[first] == '%') continue;
      return content.starts_with("...");
    }
    return false;
  }
  bool written_null(size_t at) const {
    const std::string_view rest = text_.substr(at);
    return rest.starts_with('~') || rest.starts_with("null") || rest.starts_with("Null") ||
           rest.starts_with("NULL");
  }
  void check_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    if (anchor != 0) refuse(offset(mark), "anchors are not supported; write values out where used");
  }
  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    refuse(offset(mark), "tags (" + tag + ") are not supported; put text in quotes instead of a tag");
  }
  /// yaml-cpp takes a plain word on a line of its own for a key without value; it is a mistake.
  void check_colon() const {
    if (open_.empty() || !open_.back().is_map || open_.back().is_flow || !key_plain_) return;
    const size_t line = text_.find_last_of("\n?", key_at_);
    if (line != std::string_view::npos && text_[line] == '?') return;
    const size_t after = text_.find_first_not_of(" \t", key_at_ + key_bytes_);
    if (after != std::string_view::npos && text_[after] == ':') return;
    refuse(key_at_, "expected ':' and a value after the key");
  }
  void count_node(size_t at) {
    if (++nodes_ > kYamlNodesMax) {
      refuse(at, "more than " + std::to_string(kYamlNodesMax) + " nodes; split the file");
    }
  }

  void begin_value(const YAML::Mark& mark) {
    count_node(offset(mark));
    empty_ = false;
    if (!open_.empty() && !open_.back().is_map) places_.push(std::to_string(open_.back().count));
    if (!places_.add_value(place(mark))) refuse(offset(mark), std::string(kPlacesExceeded));
  }
  void end_value() {
    if (open_.empty()) return;
    Frame& frame = open_.back();
    frame.key_given = false;
    ++frame.count;
    places_.pop();
  }
  void begin_container(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       bool is_map, YAML::EmitterStyle::value style) {
    check_anchor(mark, anchor);
    check_tag(mark, tag);
    if (expects_key()) refuse(offset(mark), "a key must be text, not a mapping or sequence");
    if (open_.size() >= kDepthMax) {
      refuse(offset(mark), "nested deeper than " + std::to_string(kDepthMax) + " levels");
    }
    begin_value(mark);
    open_.push_back({.is_map = is_map, .is_flow = style == YAML::EmitterStyle::Flow});
  }
  void put_key(const YAML::Mark& mark, const std::string& key, bool plain) {
    const size_t at = offset(mark);
    count_node(at);
    if (plain && key == "<<") {
      refuse(at, "merge keys (<<) are not supported; write the members out");
    }
    places_.push(key);
    if (const auto seen = document_.keys.find(places_.pointer()); seen != document_.keys.end()) {
      refuse(at, "the key \"" + key.substr(0, 100) + "\" is already given at line " +
                     std::to_string(seen->second.line) + "; give it once");
    }
    if (!places_.add_key(table_.at(at))) refuse(at, std::string(kPlacesExceeded));
    builder_.key(key);
    open_.back().key_given = true;
    key_at_ = at;
    key_bytes_ = key.size();
    key_plain_ = plain;
  }
  void put_scalar(const YAML::Mark& mark, const std::string& value, bool plain) {
    if (!plain) {
      builder_.string(value);
      return;
    }
    const PlainScalar scalar = resolve_plain(value);
    switch (scalar.kind) {
      case PlainScalar::Kind::string: builder_.string(value); break;
      case PlainScalar::Kind::boolean: builder_.boolean(scalar.truth); break;
      case PlainScalar::Kind::number: builder_.number_text(scalar.text); break;
      case PlainScalar::Kind::refused: refuse(offset(mark), scalar.text);
    }
  }

  std::string_view text_;
  const PlaceTable& table_;
  bool first_ = true;
  bool empty_ = true;
  uint32_t nodes_ = 0;
  size_t key_at_ = 0;  ///< of the last key
  size_t key_bytes_ = 0;
  bool key_plain_ = false;
  std::vector<Frame> open_;
  Builder builder_;
  YamlDocument document_;
  PlaceCollector places_{document_};
};

/// May throw Refused and whatever yaml-cpp throws.
std::vector<YamlDocument> read_documents(std::string_view text, const PlaceTable& table) {
  std::vector<YamlDocument> documents;
  TextBuffer buffer(text);
  std::istream stream(&buffer);
  YAML::Parser parser(stream);
  Handler handler(text, table);
  while (parser.HandleNextDocument(handler)) {
    if (!handler.empty()) documents.push_back(handler.finish());
    handler.next_document();
  }
  return documents;
}

}  // namespace

Result<std::vector<YamlDocument>> parse_yaml_events(std::string_view text) {
  const PlaceTable table(text);
  try {
    return read_documents(text, table);
  } catch (const Refused& refused) {
    return yaml_error(table.at(refused.offset), refused.what);
  } catch (const YAML::Exception& e) {
    if (e.mark.is_null()) return Error(ErrorCode::YamlInvalid, e.msg);
    // Anchors are refused, so every alias is one without its anchor.
    const bool is_alias = e.msg.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR);
    return yaml_error(table.at(static_cast<size_t>(e.mark.pos)), is_alias ? std::string(kNoAliases) : e.msg);
  } catch (const std::exception& e) {
    return Error(ErrorCode::YamlInvalid, e.what());
  }
}

}  // namespace hence::json
