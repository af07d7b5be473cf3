// SPDX-License-Identifier: Apache-2.0
// URIs, media types and attribute texts.
#include <gtest/gtest.h>

#include "event/attribute.h"
#include "event/media_type.h"
#include "event/uri.h"

namespace hence::event {
namespace {

TEST(Uri, AcceptsReferencesOfEveryKind) {
  for (const char* text :
       {"/shop", "#fragment", "//authority/path", "https://github.com/cloudevents", "github.com",
        "mailto:cncf-wg-serverless@lists.cncf.io", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
        "cloudevents/spec/pull/123", "1-555-123-4567", "/caf%C3%A9?q=1#x", "http://[::1]:80/"}) {
    EXPECT_TRUE(is_uri_reference(text)) << text;
  }
}

TEST(Uri, RefusesOtherCharactersBrokenTripletsAndSchemes) {
  for (const char* text : {"", "a b", "café", "<x>", "%", "%4", "%zz", "a#b#c", "1a:b", ":x", "{x}",
                           "a\\b", "a|b", "a\"b", "a^b", "a`b"}) {
    EXPECT_FALSE(is_uri_reference(text)) << text;
  }
}

TEST(Uri, AbsoluteOnesHaveAScheme) {
  EXPECT_TRUE(is_absolute_uri("https://cloudevents.io/dataschema"));
  EXPECT_TRUE(is_absolute_uri("urn:x"));
  EXPECT_FALSE(is_absolute_uri("/schemas/1"));
  EXPECT_FALSE(is_absolute_uri("a/b:c"));
}

TEST(MediaType, AcceptsTypesWithParameters) {
  for (const char* text : {"text/plain", "application/json; charset=utf-8", "a/b;c=d;e=\"f;\\\"g\"",
                           "application/vnd.api+json", "image/svg+xml ;x=y"}) {
    EXPECT_TRUE(is_media_type(text)) << text;
  }
  for (const char* text : {"", "xyz", "a/", "/b", "a/b/c", "a /b", "a/b;", "a/b;c", "a/b;c=",
                           "a/b; c=\"d", "a/b x", " a/b"}) {
    EXPECT_FALSE(is_media_type(text)) << text;
  }
}

TEST(MediaType, KnowsJsonAndText) {
  for (const char* text : {"application/json", "text/JSON", "application/vnd.api+json; x=y",
                           "Application/Problem+Json"}) {
    EXPECT_TRUE(is_json_media_type(text)) << text;
  }
  for (const char* text : {"text/plain", "application/jsonx", "json", "application/xjson", "/json",
                           "application/json-seq", "application/+json"}) {
    EXPECT_FALSE(is_json_media_type(text)) << text;
  }
  EXPECT_TRUE(is_utf8_text_media_type("text/plain"));
  EXPECT_TRUE(is_utf8_text_media_type("text/plain; charset=\"UTF-8\""));
  EXPECT_TRUE(is_utf8_text_media_type("application/soap+xml"));
  EXPECT_FALSE(is_utf8_text_media_type("text/plain; charset=iso-8859-1"));
  EXPECT_FALSE(is_utf8_text_media_type("application/octet-stream"));
}

TEST(AttributeText, RefusesControlsAndNoncharacters) {
  for (const char* text : {"plain", "Euro € 😀", "\xC2\xA0", "\xEF\xB7\x8F", "\xEF\xBF\xBD",
                           "\xF0\x9F\xBF\xBD"}) {
    EXPECT_TRUE(is_attribute_text(text)) << text;
  }
  for (const char* text : {"a\tb", "a\nb", "\x1f", "\x7f", "\xC2\x80", "\xC2\x9F", "\xEF\xB7\x90",
                           "\xEF\xB7\xAF", "\xEF\xBF\xBE", "\xEF\xBF\xBF", "\xF0\x9F\xBF\xBE",
                           "\xF4\x8F\xBF\xBF"}) {
    EXPECT_FALSE(is_attribute_text(text)) << text;
  }
  EXPECT_FALSE(is_attribute_text(std::string_view("a\0b", 3)));
}

TEST(AttributeText, JudgesEveryAsciiByteAtEveryPlace) {
  for (int byte = 0; byte < 0x80; ++byte) {
    for (size_t place = 0; place < 19; ++place) {
      std::string text(19, ' ');
      text[place] = static_cast<char>(byte);
      EXPECT_EQ(is_attribute_text(text), byte >= 0x20 && byte != 0x7F) << byte << " at " << place;
    }
  }
}

TEST(AttributeError, CutsLongTextsAtACharacter) {
  std::string text(59, 'x');
  text += "€€€";
  const std::string shown = in_quotes(text);
  EXPECT_EQ(shown, "\"" + std::string(59, 'x') + "…\"");
}

}  // namespace
}  // namespace hence::event
