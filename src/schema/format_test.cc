// SPDX-License-Identifier: Apache-2.0
#include "schema/format.h"

#include <gtest/gtest.h>

#include "schema/uri.h"

namespace hence::schema {
namespace {

struct Case {
  const char* format;
  std::vector<std::string> right;
  std::vector<std::string> wrong;
};

TEST(Format, TellsRightFromWrong) {
  const Case cases[] = {
      {"date-time", {"2026-01-31T12:00:00Z", "1990-12-31T23:59:60Z", "1990-12-31T15:59:60-08:00", "2020-02-29t00:00:00.123z"},
       {"2026-01-31", "2026-02-30T00:00:00Z", "2026-01-31 12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:00:00", "1990-12-31T15:59:60Z", "2026-01-31T12:00:00+24:00", "2026-01-31T12:00:00.Z"}},
      {"date", {"2024-02-29", "2000-02-29"}, {"2023-02-29", "1900-02-29", "2023-13-01", "2023-1-1", "20230101"}},
      {"time", {"08:30:06Z", "08:30:06.28+01:00"}, {"08:30:06", "8:30:06Z", "08:30Z", "24:00:00Z"}},
      {"duration", {"P4DT12H30M5S", "P4Y", "PT0S", "P2W", "P1M", "PT1M"}, {"P", "PT", "4DT12H", "P1YT", "P1D2H", "P2D1Y", "P1Y2W", "PT1D", "P1"}},
      {"email", {"joe@example.com", "te~st@example.com", "\"joe bloggs\"@example.com", "joe@[127.0.0.1]", "a+b@x.io"},
       {"joe", "@example.com", ".a@example.com", "a..b@example.com", "joe bloggs@example.com", "a@-x.com", "joe@[1.2.3]"}},
      {"hostname", {"www.example.com", "xn--4gbwdl.xn--wgbh1c", "a", "1host", "h0stn4me"},
       {"", "-bad.com", "bad-.com", "a..b", "not_valid", "ab--c.com", "example.", std::string(64, 'a')}},
      {"ipv4", {"192.168.0.1", "0.0.0.0"}, {"256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4/24", "1.2.3."}},
      {"ipv6", {"::1", "::", "2001:db8::1", "1:2:3:4:5:6:7:8", "::ffff:192.168.0.1", "1::"}, {"12345::", "1:2:3:4:5:6:7:8:9", "::1::2", ":1", "1:", "1:2:3:4:5:6:7", "::1%eth0", "1:2::192.168.0.256"}},
      {"uri", {"https://example.com/a?b=c#d", "urn:acme:event", "mailto:a@b.c", "ldap://[2001:db8::7]/c=GB", "http://x/%20"},
       {"//example.com", "/abc", "abc", "http:// x", "http://x/%2", "http://x:abc/", ":// bad", "http://[::1", "http://ex.com/\\"}},
      {"uri-reference", {"/abc", "//host/a", "a#b", "", "?q", "http://x"}, {"\\\\WINDOWS\\x", "a b", "#a\\b", "1:2"}},
      {"iri", {"http://ƒøø.ßår/?∂éœ=πîx"}, {"/a", "âππ"}},
      {"uri-template", {"http://x/{id}", "/{+path,x}/here{?a,b*}", "", "{var:30}"}, {"{", "}", "{a", "{}", "/{a b}", "{a:0}", "a b"}},
      {"json-pointer", {"", "/", "/a~1b/~0"}, {"a", "/~2", "/~"}},
      {"relative-json-pointer", {"0", "1/a", "2#"}, {"-1", "/a", "01", "0##"}},
      {"uuid", {"2EB8AA08-aa98-11ea-B4AA-73B441D16380"}, {"2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-aa98-11ea-b4aa-73b441d1638", "2eb8aa08-aa98-11ea-b4ag-73b441d16380"}},
      {"regex", {"^a(b|c)$"}, {"^(abc]", "\\a"}},
  };
  for (const Case& one : cases) {
    const Format* format = find_format(one.format);
    ASSERT_NE(format, nullptr) << one.format;
    for (const std::string& text : one.right) EXPECT_TRUE(format->check(text)) << one.format << " " << text;
    for (const std::string& text : one.wrong) EXPECT_FALSE(format->check(text)) << one.format << " " << text;
  }
  EXPECT_EQ(find_format("colour"), nullptr);
}

TEST(Uri, ResolvesAsTheRfcSays) {
  const std::string base = "http://a/b/c/d;p?q";
  const std::pair<const char*, const char*> cases[] = {
      {"g:h", "g:h"}, {"g", "http://a/b/c/g"}, {"./g", "http://a/b/c/g"}, {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"}, {"//g", "http://g"}, {"?y", "http://a/b/c/d;p?y"}, {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"}, {"", "http://a/b/c/d;p?q"}, {".", "http://a/b/c/"}, {"..", "http://a/b/"},
      {"../g", "http://a/b/g"}, {"../..", "http://a/"}, {"../../../g", "http://a/g"}, {"/./g", "http://a/g"},
      {"g/../h", "http://a/b/c/h"}, {"g;x=1/./y", "http://a/b/c/g;x=1/y"}};
  for (const auto& [reference, full] : cases) EXPECT_EQ(resolve_uri(base, reference), full) << reference;
  EXPECT_EQ(resolve_uri("", "a/b"), "a/b");
  EXPECT_EQ(resolve_uri("urn:x:y", "#z"), "urn:x:y#z");
}

}  // namespace
}  // namespace hence::schema
