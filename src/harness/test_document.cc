// SPDX-License-Identifier: Apache-2.0
// What a test may say, as shapes.

#include "harness/test_document.h"

#include <set>

#include "base/time.h"
#include "workflow/shapes.h"

namespace hence::harness {
namespace {

using workflow::kAnyShape;
using workflow::kBooleanShape;
using workflow::kStringShape;
using workflow::KeyChoice;
using workflow::Shape;
using workflow::ShapeKey;
using enum Shape::Kind;

bool is_duration(std::string_view words) { return parse_duration(words).ok(); }
bool is_time(std::string_view words) { return parse_rfc3339(words).ok(); }

const Shape kDurationText{.kind = text, .what = "a duration such as 10s, 5m, 7d or PT10S", .accepts = is_duration};
const Shape kTime{.kind = text, .what = "a time such as 2026-01-01T00:00:00Z", .accepts = is_time};
const Shape kCount{.kind = integer, .min = 0, .max = 1'000'000};
const Shape kTexts{.kind = list, .item = &kStringShape};
const Shape kTextOrTexts{.kind = by_type, .as_string = &kStringShape, .as_array = &kTexts};
const Shape kTextMap{.kind = map, .item = &kStringShape};
const Shape kDurations{.kind = map, .item = &kDurationText};
const Shape kOpenObject{.kind = object, .others = Shape::Others::taken};
const Shape kOpenObjects{.kind = list, .item = &kOpenObject};
const Shape kOpenObjectMap{.kind = map, .item = &kOpenObject};
const Shape kObjectOrObjects{.kind = by_type, .as_object = &kOpenObject, .as_array = &kOpenObjects};
const Shape kAnything{.kind = list, .item = &kAnyShape};
const Shape kCounts{.kind = map, .item = &kCount};
const Shape kLists{.kind = map, .item = &kAnything};

// Answers are read, and their faults told, where they are used: they are numbers or objects.
const Shape kAnswerList{.kind = list, .min_size = 1, .item = &kAnyShape};
const ShapeKey kAnswersKeys[] = {{"answers", &kAnswerList, true}, {"delay", &kDurationText}};
const Shape kAnswers{.kind = object, .keys = kAnswersKeys};
const Shape kAnswersMap{.kind = map, .item = &kAnswers};

constexpr std::string_view kConflicts[] = {"existing", "reject", "replace"};
const Shape kConflict{.kind = word, .words = kConflicts};
const ShapeKey kStartKeys[] = {{"workflow", &kStringShape, true}, {"input", &kAnyShape}, {"id", &kStringShape},
                               {"key", &kStringShape}, {"onConflict", &kConflict}};
const Shape kStart{.kind = object, .keys = kStartKeys};

const ShapeKey kCancelKeys[] = {{"workflow", &kStringShape}, {"id", &kStringShape}, {"reason", &kStringShape},
                                {"compensate", &kBooleanShape}};
const Shape kCancelObject{.kind = object, .keys = kCancelKeys, .min_size = 1};
const Shape kCancel{.kind = by_type, .as_string = &kStringShape, .as_object = &kCancelObject};
const ShapeKey kRetryKeys[] = {{"workflow", &kStringShape}, {"id", &kStringShape}, {"reason", &kStringShape},
                               {"input", &kAnyShape}};
const Shape kRetryObject{.kind = object, .keys = kRetryKeys, .min_size = 1};
const Shape kRetry{.kind = by_type, .as_string = &kStringShape, .as_object = &kRetryObject};
const ShapeKey kSkipKeys[] = {{"workflow", &kStringShape}, {"id", &kStringShape}, {"reason", &kStringShape},
                              {"task", &kStringShape, true}, {"output", &kAnyShape}};
const Shape kSkip{.kind = object, .keys = kSkipKeys};
const ShapeKey kContextKeys[] = {{"workflow", &kStringShape}, {"id", &kStringShape}, {"reason", &kStringShape},
                                 {"context", &kAnyShape, true}};
const Shape kSetContext{.kind = object, .keys = kContextKeys};
const ShapeKey kSendEventKeys[] = {{"workflow", &kStringShape}, {"id", &kStringShape}, {"reason", &kStringShape},
                                   {"event", &kOpenObject, true}};
const Shape kSendEvent{.kind = object, .keys = kSendEventKeys};

constexpr std::string_view kDecisions[] = {"redrive", "skip"};
const ShapeKey kCompensationKeys[] = {{"redrive", &kStringShape}, {"skip", &kStringShape}};
const KeyChoice kOneDecision[] = {{kDecisions}};
const Shape kCompensation{.kind = object, .keys = kCompensationKeys, .choices = kOneDecision};

constexpr std::string_view kVerdicts[] = {"grant", "deny"};
const ShapeKey kApprovalKeys[] = {{"grant", &kStringShape}, {"deny", &kStringShape}, {"by", &kStringShape}, {"reason", &kStringShape}};
const KeyChoice kOneVerdict[] = {{kVerdicts}};
const Shape kApproval{.kind = object, .keys = kApprovalKeys, .choices = kOneVerdict};

constexpr std::string_view kAll[] = {"all"};
const Shape kAllWord{.kind = word, .words = kAll};
const ShapeKey kRedriveKeys[] = {{"event", &kStringShape}, {"sink", &kStringShape}};
const Shape kRedriveObject{.kind = object, .keys = kRedriveKeys, .min_size = 1};
const Shape kRedrive{.kind = by_type, .as_string = &kAllWord, .as_object = &kRedriveObject};

const ShapeKey kExplainKeys[] = {{"event", &kStringShape, true}, {"matched", &kTexts}, {"notMatched", &kTextMap},
                                 {"failed", &kTextMap}, {"stopped", &kStringShape}};
const Shape kExplain{.kind = object, .keys = kExplainKeys, .min_size = 2};
const Shape kEvents{.kind = by_type, .as_object = &kCounts, .as_array = &kOpenObjects};
const ShapeKey kExpectKeys[] = {
    {"attempts", &kCounts},     {"delivered", &kLists},  {"calls", &kLists},
    {"parked", &kOpenObjects},  {"deliveries", &kOpenObjects}, {"instances", &kOpenObjects},
    {"events", &kEvents},       {"explain", &kExplain},  {"timers", &kCount},
    {"waits", &kTextMap},       {"took", &kDurations},
    {"approvals", &kOpenObjects}, {"duplicate", &kBooleanShape}, {"error", &kStringShape}, {"schedules", &kOpenObjectMap}};
const Shape kExpect{.kind = object, .keys = kExpectKeys, .min_size = 1};

constexpr std::string_view kSteps[] = {"send", "sink", "http", "shell", "secrets", "advance", "apply",
                                       "restart", "down", "start", "cancel", "suspend", "resume", "retry", "skip",
                                       "set-context", "send-event", "redrive", "compensation", "approval", "expect"};
const ShapeKey kStepKeys[] = {
    {"send", &kObjectOrObjects}, {"sink", &kAnswersMap},   {"http", &kAnswersMap}, {"shell", &kAnswersMap},
    {"secrets", &kTextMap},      {"advance", &kDurationText}, {"apply", &kTextOrTexts},
    {"restart", &kAnyShape},     {"down", &kDurationText}, {"start", &kStart},       {"cancel", &kCancel},   {"redrive", &kRedrive},
    {"suspend", &kCancel},       {"resume", &kCancel},     {"retry", &kRetry},     {"skip", &kSkip},
    {"set-context", &kSetContext}, {"send-event", &kSendEvent},
    {"compensation", &kCompensation}, {"approval", &kApproval}, {"expect", &kExpect}};
const KeyChoice kOneStep[] = {{kSteps}};
const Shape kStepObject{.kind = object, .keys = kStepKeys, .choices = kOneStep};
constexpr std::string_view kBareSteps[] = {"restart"};
const Shape kBareStep{.kind = word, .words = kBareSteps};
const Shape kStep{.kind = by_type, .as_string = &kBareStep, .as_object = &kStepObject};
const Shape kStepList{.kind = list, .min_size = 1, .item = &kStep};

const ShapeKey kTestKeys[] = {{"name", &kStringShape, true}, {"resources", &kTexts}, {"time", &kTime},
                              {"secrets", &kTextMap}, {"documents", &kTextMap}, {"secretsAnywhere", &kBooleanShape}, {"steps", &kStepList, true}};
const Shape kTest{.kind = object, .keys = kTestKeys};

}  // namespace

TestFile parse_tests(const std::string& file, std::string_view text) {
  TestFile result;
  Result<std::vector<json::YamlDocument>> documents = json::parse_yaml(text);
  if (!documents.ok()) {
    result.faults = file + ": " + documents.error().message() + "\n";
    return result;
  }
  if (documents->empty()) result.faults = file + ": the file holds no test; one has at least name and steps\n";
  std::set<std::string, std::less<>> names;
  for (json::YamlDocument& document : *documents) {
    workflow::Faults faults(&document, ErrorCode::RequestInvalid);
    workflow::check_shape(kTest, document.value, "", faults);
    const std::string name(document.value.view().is_object() ? document.value->string_or("name", "") : "");
    if (!name.empty() && !names.insert(name).second) {
      faults.add("/name", "the file has another test named \"" + name + "\"");
    }
    faults.sort();
    for (const workflow::Fault& fault : faults) {
      result.faults += file + ":" + std::to_string(fault.place.line) + ": ";
      if (!fault.pointer.empty()) result.faults += fault.pointer + ": ";
      result.faults += fault.message + "\n";
    }
    result.tests.push_back({file, name, std::move(document)});
  }
  if (!result.faults.empty()) result.tests.clear();
  return result;
}

}  // namespace hence::harness
