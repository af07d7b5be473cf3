// SPDX-License-Identifier: Apache-2.0
#include "schema/regex.h"

#include <gtest/gtest.h>

#include <string>

namespace hence::schema {
namespace {

Match search(std::string_view pattern, std::string_view text) {
  const auto regex = Regex::compile(pattern);
  EXPECT_TRUE(regex.ok()) << pattern << ": " << (regex.ok() ? "" : regex.error().message());
  return regex.ok() ? regex->search(text) : Match::gave_up;
}
bool finds(std::string_view pattern, std::string_view text) { return search(pattern, text) == Match::yes; }

TEST(Regex, FindsAnywhereUnlessAnchored) {
  EXPECT_TRUE(finds("b+", "aabbcc"));
  EXPECT_FALSE(finds("^b", "aabbcc"));
  EXPECT_TRUE(finds("c$", "aabbcc"));
  EXPECT_FALSE(finds("b$", "aabbcc"));
  EXPECT_TRUE(finds("", ""));
  EXPECT_TRUE(finds("^$", ""));
  EXPECT_FALSE(finds("^$", "a"));
  EXPECT_FALSE(finds("^a$", "a\n"));
  EXPECT_TRUE(finds("^a|b$", "xb"));
}

TEST(Regex, RepeatsWithinBounds) {
  EXPECT_TRUE(finds("^a{2,3}$", "aa"));
  EXPECT_TRUE(finds("^a{2,3}$", "aaa"));
  EXPECT_FALSE(finds("^a{2,3}$", "a"));
  EXPECT_FALSE(finds("^a{2,3}$", "aaaa"));
  EXPECT_TRUE(finds("^(?:ab){2,}$", "ababab"));
  EXPECT_TRUE(finds("^(a*)*$", "aaa"));
  EXPECT_TRUE(finds("^a{,2}$", "a{,2}"));
  EXPECT_TRUE(finds("^x*?y+?$", "xxy"));
}

TEST(Regex, ReadsClassesAsEcmaDoes) {
  EXPECT_TRUE(finds("^\\d+$", "0123"));
  EXPECT_FALSE(finds("^\\d$", "৪"));
  EXPECT_FALSE(finds("^\\w$", "é"));
  EXPECT_TRUE(finds("^\\W$", "é"));
  EXPECT_TRUE(finds("^\\s$", "\xC2\xA0"));
  EXPECT_TRUE(finds("^\\s$", "\xEF\xBB\xBF"));
  EXPECT_TRUE(finds("^[^a-c]$", "😀"));
  EXPECT_TRUE(finds("^.$", "🐲"));
  EXPECT_FALSE(finds("^.$", "\n"));
  EXPECT_TRUE(finds("^[\\w.-]+$", "a.b-c"));
  EXPECT_TRUE(finds("^\\cC$", "\x03"));
  EXPECT_TRUE(finds("^\\u{1F600}\\uD83D\\uDE00$", "😀😀"));
  EXPECT_TRUE(finds("^[α-ω]$", "λ"));
  EXPECT_FALSE(finds("^[α-ω]$", "Λ"));
  EXPECT_TRUE(finds("^\\p{Letter}+$", "naïveté"));
  EXPECT_FALSE(finds("[]", "a"));
  EXPECT_TRUE(finds("^[^]$", "\n"));
}

TEST(Regex, LooksAroundAndRefersBack) {
  EXPECT_TRUE(finds("^(?!foo)\\w+$", "bar"));
  EXPECT_FALSE(finds("^(?!foo)\\w+$", "foobar"));
  EXPECT_TRUE(finds("(?<=\\$)\\d", "$5"));
  EXPECT_TRUE(finds("^(a|b)\\1$", "bb"));
  EXPECT_FALSE(finds("^(?<x>a|b)\\k<x>$", "ab"));
  EXPECT_TRUE(finds("\\bword\\b", "a word."));
  EXPECT_FALSE(finds("^a$(?=)", "a\n"));
}

TEST(Regex, RefusesWhatIsNoPattern) {
  for (const char* wrong : {"(", ")", "[a", "a**", "*", "[z-a]", "\\", "a{2,1}", "(?<n>a)(?<n>b)", "\\2(a)",
                            "(?P<x>a)", "\\a", "[\\d-z]", "\\p{}", "(?<=a)*", "\\k<no>"}) {
    EXPECT_FALSE(Regex::compile(wrong).ok()) << wrong;
  }
}

TEST(Regex, IsBoundedWhateverThePattern) {
  const std::string text(5'000, 'a');
  EXPECT_EQ(search("^(a+)+$", text + "!"), Match::no);
  EXPECT_EQ(search("(a|aa)+$", text + "!"), Match::no);
  EXPECT_EQ(search("(.*a.{14}b|c)", text), Match::no);          // too large for a table
  EXPECT_NE(search("^(?=(a+)+$)(a|a)*b", text + "!"), Match::yes);  // held by the limit on retries
  EXPECT_FALSE(Regex::compile(std::string(200, '(') + std::string(200, ')')).ok());
  EXPECT_FALSE(Regex::compile(std::string(20'000, 'a')).ok());
}

}  // namespace
}  // namespace hence::schema
