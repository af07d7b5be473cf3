// SPDX-License-Identifier: Apache-2.0
// Forms of several parts: which bytes they are, and that they are the same each time.

#include "workflow/multipart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workflow/workflow_test_world.h"

namespace hence::workflow::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// The body with the boundary as "B", or why there is none.
std::string form_of(const std::string& declared, const std::string& fields) {
  const auto form = build_form_data(value_of(declared), value_of(fields));
  if (!form.ok()) return form.error().message();
  constexpr std::string_view kType = "multipart/form-data; boundary=";
  EXPECT_THAT(form->type, StartsWith(std::string(kType)));
  const std::string boundary = form->type.substr(kType.size());
  std::string text = form->bytes;
  for (size_t at = text.find(boundary); at != std::string::npos; at = text.find(boundary)) {
    text.replace(at, boundary.size(), "B");
  }
  return text;
}

TEST(Multipart, HasAPartForEachField) {
  EXPECT_EQ(form_of("[]", "{id: 7, name: Milou, none: null, tags: [a, b], owner: {age: 3}}"),
            "--B\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n7\r\n"
            "--B\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nMilou\r\n"
            "--B\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\na\r\n"
            "--B\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\nb\r\n"
            "--B\r\nContent-Disposition: form-data; name=\"owner\"\r\nContent-Type: application/json\r\n\r\n"
            "{\"age\":3}\r\n--B--\r\n");
}

TEST(Multipart, SendsFilesWithANameAndAType) {
  const std::string declared = "[{name: f, required: true, file: true, type: image/png}]";
  EXPECT_EQ(form_of(declared, "{f: text}"),
            "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\nContent-Type: image/png\r\n\r\n"
            "text\r\n--B--\r\n");
  EXPECT_EQ(form_of(declared, "{f: {base64: /wA=, filename: \"a\\\"b\\n.gif\", contentType: image/gif}}"),
            "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a%22b%0A.gif\"\r\n"
            "Content-Type: image/gif\r\n\r\n" + std::string("\xff\0", 2) + "\r\n--B--\r\n");
  EXPECT_EQ(form_of("[{name: f, required: false, file: true, type: a/b, encoding: base64}]", "{f: {text: foo}}"),
            "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\nContent-Type: a/b\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\nZm9v\r\n--B--\r\n");
  EXPECT_THAT(form_of("[{name: f, file: true, type: a/b}, {name: f, type: c/d}]", "{f: x}"),
              HasSubstr("filename=\"f\"\r\nContent-Type: a/b")) << "declared twice";
}

TEST(Multipart, SaysWhatDoesNotFit) {
  const std::string declared = "[{name: f, required: true, file: true}]";
  EXPECT_THAT(form_of(declared, "{}"), HasSubstr("the part \"f\" is required"));
  EXPECT_THAT(form_of(declared, "[]"), HasSubstr("must be an object"));
  EXPECT_THAT(form_of(declared, "{f: {bas64: x}}"), HasSubstr("the file \"f\": unknown key \"bas64\"; did you mean \"base64\"?"));
  EXPECT_THAT(form_of(declared, "{f: {filename: x}}"), HasSubstr("expected `base64` or `text`"));
  EXPECT_THAT(form_of(declared, "{f: {base64: x, text: x}}"), HasSubstr("`base64` is no base64"));
  EXPECT_THAT(form_of(declared, "{f: {text: x, base64: eA==}}"), HasSubstr("only one of"));
  EXPECT_THAT(form_of(declared, "{f: {text: 1}}"), HasSubstr("`text` must be a text"));
  EXPECT_THAT(form_of(declared, "{f: {text: x, contentType: \"a/b\\r\\nX: y\"}}"), HasSubstr("control characters"));
}

TEST(Multipart, HasABoundaryThatFollowsFromItsContent) {
  const json::Value fields = value_of("{a: one, b: two}");
  const auto first = build_form_data(json::View(), fields), second = build_form_data(json::View(), fields);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->type, second->type);
  EXPECT_EQ(first->bytes, second->bytes);
  EXPECT_NE(build_form_data(json::View(), value_of("{a: one, b: tw}"))->type, first->type);
}

}  // namespace
}  // namespace hence::workflow::testing
