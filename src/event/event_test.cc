// SPDX-License-Identifier: Apache-2.0
#include "event/event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/parse.h"

namespace hence::event {
namespace {

using testing::HasSubstr;

constexpr const char* kMinimal =
    R"("specversion":"1.0","id":"e1","source":"/shop","type":"order.created")";

std::string with(const std::string& members) {
  return "{" + std::string(kMinimal) + (members.empty() ? "" : ",") + members + "}";
}
Event accepted(const std::string& text) { return parse_structured(text).value(); }

/// The message of the refusal; empty if it was accepted.
std::string refusal(const std::string& members) {
  auto event = parse_structured(with(members));
  if (event.ok()) return "";
  EXPECT_EQ(event.error().code(), ErrorCode::EventInvalid) << event.error().message();
  return event.error().message();
}

TEST(Event, GivesItsAttributes) {
  const Event event = accepted(with(
      R"("time":"2018-04-05T18:31:00+01:00","subject":"s","partitionkey":"p","correlationid":"c",)"
      R"("causationid":"a","traceparent":"00-x","sequence":"7","expirytime":"2018-04-05T17:31:01Z",)"
      R"("datacontenttype":"application/json","dataschema":"https://x/y","hencedepth":3,)"
      R"("data":{"total":40})"));
  EXPECT_EQ(event.id(), "e1");
  EXPECT_EQ(event.source(), "/shop");
  EXPECT_EQ(event.type(), "order.created");
  EXPECT_EQ(event.subject(), "s");
  EXPECT_EQ(event.time(), parse_rfc3339("2018-04-05T17:31:00Z").value());
  EXPECT_EQ(event.time_text(), "2018-04-05T18:31:00+01:00");
  EXPECT_EQ(event.partitionkey(), "p");
  EXPECT_EQ(event.correlationid(), "c");
  EXPECT_EQ(event.causationid(), "a");
  EXPECT_EQ(event.traceparent(), "00-x");
  EXPECT_EQ(event.sequence(), "7");
  EXPECT_EQ(event.dataschema(), "https://x/y");
  EXPECT_EQ(event.depth(), 3);
  EXPECT_FALSE(event.expired(*event.time()));
  EXPECT_TRUE(event.expired(*event.time() + Duration::seconds(1)));
  EXPECT_EQ(event.data()->find("total")->as_int64(), 40);
}

TEST(Event, ViewsOutliveTheEventTheyWereCopiedFrom) {
  Event copy;
  {
    const Event event = accepted(with(R"("subject":"a \"quoted\" one","data":[1])"));
    copy = event;
  }
  EXPECT_EQ(copy.subject(), "a \"quoted\" one");
  EXPECT_EQ(copy.data()->size(), 1u);
}

TEST(Event, AbsentIsNotNullForDataButForAttributes) {
  EXPECT_FALSE(accepted(with("")).data());
  const Event null_data = accepted(with(R"("data":null,"subject":null,"time":null,"ext":null)"));
  ASSERT_TRUE(null_data.data());
  EXPECT_TRUE(null_data.data()->is_null());
  EXPECT_TRUE(null_data.has_json_data());
  EXPECT_EQ(null_data.subject(), "");
  EXPECT_FALSE(null_data.time());
  EXPECT_FALSE(accepted(with(R"("data_base64":null)")).has_data());
}

TEST(Event, KeepsTheDocumentAsItCame) {
  const std::string text = with(R"("ext":-2147483648,"data":{"n":1e400,"m":12345678901234567890})");
  EXPECT_EQ(accepted(text).value()->to_text(), text);
  EXPECT_EQ(accepted(text).value()->source_text(), text);
}

TEST(Event, RefusesWhatIsMissing) {
  for (const char* name : {"specversion", "id", "source", "type"}) {
    std::string text = with("");
    text.insert(text.find("\"" + std::string(name) + "\"") + 1, "x");
    auto event = parse_structured(text);
    ASSERT_FALSE(event.ok()) << text;
    EXPECT_THAT(event.error().message(),
                HasSubstr("\"" + std::string(name) + "\": it is required"));
  }
}

TEST(Event, RefusesAttributesThatDoNotFit) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"("time":"2018-04-05T17:31Z")", "RFC 3339"},
      {R"("time":"lunchtime")", "\"time\""},
      {R"("time":5)", "expected a string"},
      {R"("expirytime":"soon")", "\"expirytime\""},
      {R"("datacontenttype":"xyz")", "media type"},
      {R"("datacontenttype":"")", "empty"},
      {R"("dataschema":"relative")", "absolute URI"},
      {R"("dataschema":"")", "empty"},
      {R"("subject":"")", "empty"},
      {R"("subject":{"a":1})", "expected a string"},
      {R"("subject":"a\u0007b")", "control"},
      {R"("partitionkey":"")", "empty"},
      {R"("partitionkey":5)", "expected a string"},
      {R"("correlationid":"")", "empty"},
      {R"("Ext":"x")", "lower-case"},
      {R"("my-ext":"x")", "lower-case"},
      {R"("my_ext":"x")", "lower-case"},
      {R"("":"x")", "lower-case"},
      {R"("ext":{"a":1})", "put objects and arrays into data"},
      {R"("ext":[])", "put objects and arrays into data"},
      {R"("ext":2147483648)", "whole number"},
      {R"("ext":-2147483649)", "whole number"},
      {R"("ext":1.0)", "whole number"},
      {R"("ext":1e2)", "whole number"},
      {R"("ext":"a\nb")", "control"},
      {R"("hencekind":"x")", "reserved"},
      {R"("hence":1)", "reserved"},
      {R"("hencedepth":17)", "0 to 16"},
      {R"("hencedepth":-1)", "0 to 16"},
      {R"("hencedepth":1.5)", "0 to 16"},
      {R"("hencedepth":true)", "0 to 16"},
      {R"("data":"x","data_base64":"eA==")", "both"},
      {R"("data":null,"data_base64":"eA==")", "both"},
      {R"("data_base64":"x")", "base64"},
      {R"("data_base64":5)", "base64"},
      {R"("datacontenttype":"text/plain","data":{"a":1})", "must be a string"},
  };
  for (const auto& [members, expected] : kCases) {
    EXPECT_THAT(refusal(members), HasSubstr(expected)) << members;
  }
}

TEST(Event, RefusesAttributesOverTheLimit) {
  const std::string fits(kAttributeBytesMax, 'x');
  EXPECT_EQ(refusal(R"("subject":")" + fits + "\""), "");
  EXPECT_EQ(refusal(R"("ext":")" + fits + "\""), "");
  EXPECT_THAT(refusal(R"("subject":")" + fits + "y\""), HasSubstr("1024"));
  EXPECT_THAT(refusal(R"("ext":")" + fits + "y\""), HasSubstr("1024"));
  EXPECT_THAT(refusal("\"" + fits + "y\":1"), HasSubstr("1024"));
}

TEST(Event, AcceptsEveryTypeOfExtension) {
  EXPECT_EQ(refusal(R"("a":true,"b":-5,"c":"","d":null,"e":"2020-01-01","hencedepth":"16")"), "");
  EXPECT_EQ(accepted(with(R"("hencedepth":"16")")).depth(), 16);
}

TEST(Event, TextDataStaysTextAndJsonStringsStayStrings) {
  const Event text = accepted(with(R"("datacontenttype":"text/xml","data":"<a/>")"));
  EXPECT_FALSE(text.has_json_data());
  const Event json = accepted(with(R"("datacontenttype":"application/json","data":"{}")"));
  EXPECT_TRUE(json.has_json_data());
  EXPECT_TRUE(json.data()->is_string());
  EXPECT_FALSE(accepted(with(R"("data_base64":"eA==")")).has_json_data());
}

TEST(Event, RefusesDuplicateMembersAndWhatIsNoObject) {
  EXPECT_EQ(parse_structured(with(R"("id":"e2")")).error().code(), ErrorCode::JsonInvalid);
  EXPECT_EQ(parse_structured("{").error().code(), ErrorCode::JsonInvalid);
  for (const char* text : {"[]", "1", "\"x\"", "null"}) {
    EXPECT_EQ(parse_structured(text).error().code(), ErrorCode::EventInvalid) << text;
  }
}

TEST(Event, FromTheLogWhatNoLongerFitsIsAbsent) {
  const json::Value value =
      json::parse(R"({"id":"e1","source":"not a uri","time":"x","subject":"s","hencekind":"k"})")
          .value();
  const Event event = Event::from_recorded(value);
  EXPECT_EQ(event.id(), "e1");
  EXPECT_EQ(event.subject(), "s");
  EXPECT_EQ(event.source(), "");
  EXPECT_FALSE(event.time());
}

TEST(Batch, GivesEachEntryItsOwnOutcome) {
  auto batch = parse_batch("[" + with("") + "," + with(R"("subject":"")") + "," + with("") + "]");
  ASSERT_TRUE(batch.ok());
  ASSERT_EQ(batch->size(), 3u);
  EXPECT_TRUE((*batch)[0].ok());
  EXPECT_FALSE((*batch)[1].ok());
  EXPECT_TRUE((*batch)[2].ok());
}

TEST(Batch, AnEntryWithoutVersionIsItsOwnFault) {
  auto batch = parse_batch("[{\"id\":\"x\"}," + with("") + "]");
  ASSERT_TRUE(batch.ok());
  EXPECT_FALSE((*batch)[0].ok());
  EXPECT_TRUE((*batch)[1].ok());
}

TEST(Batch, IsRefusedWholeWhenBrokenAsSuch) {
  for (const std::string& text : {std::string("{}"), std::string("null"), "[" + with("") + ",5]",
                                  "[" + with("") + ",{\"specversion\":\"0.9\"}]"}) {
    EXPECT_FALSE(parse_batch(text).ok()) << text;
  }
  EXPECT_EQ(parse_batch("[]").value().size(), 0u);
}

TEST(Batch, IsRefusedWholeAboveTheMostEvents) {
  std::string text = "[{}";
  for (size_t i = 1; i < kBatchEventsMax; ++i) text += ",{}";
  EXPECT_EQ(parse_batch(text + "]").value().size(), kBatchEventsMax);
  const auto refused = parse_batch(text + ",{}]");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::TooLarge);
  EXPECT_EQ(refused.error().message(), "the batch has 10001 events, a batch may have 10000; nothing of it was taken: send it in several");
}

TEST(Keys, ThePartitionKeyIsTheFirstThatIsThere) {
  EXPECT_EQ(partition_key(accepted(
                with(R"("partitionkey":"p","correlationid":"c","subject":"s")"))), "p");
  EXPECT_EQ(partition_key(accepted(with(R"("correlationid":"c","subject":"s")"))), "c");
  EXPECT_EQ(partition_key(accepted(with(R"("subject":"s")"))), "s");
  EXPECT_EQ(partition_key(accepted(with(""))), "/shop\ne1");
}

TEST(Keys, DuplicatesShareNamespaceSourceAndId) {
  EXPECT_EQ(dedup_key("default", accepted(with(R"("subject":"s")"))),
            dedup_key("default", accepted(with(R"("data":1)"))));
  EXPECT_NE(dedup_key("default", accepted(with(""))), dedup_key("other", accepted(with(""))));
}

}  // namespace
}  // namespace hence::event
