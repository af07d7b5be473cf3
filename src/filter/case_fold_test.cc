// SPDX-License-Identifier: Apache-2.0
#include "filter/case_fold.h"

#include <gtest/gtest.h>

namespace hence::filter {
namespace {

TEST(CaseFold, MapsEachCharacterByItself) {
  EXPECT_EQ(folded("aZ@[`{ 09"), "az@[`{ 09");
  EXPECT_EQ(folded("ÀÖ×Þ Ÿ Ő Σς Ж Ԟ Ա"), "àö×þ ÿ ő σς ж ԟ ա");
  EXPECT_EQ(raised("aZ@[`{ àö÷ÿ ő σ ж ա"), "AZ@[`{ ÀÖ÷Ÿ Ő Σ Ж Ա");
}

TEST(CaseFold, FollowsCharactersWhoseOtherCaseTakesMoreBytesOrFewer) {
  EXPECT_EQ(folded("12Ⱥ34Z"), "12ⱥ34z");
  EXPECT_EQ(raised("12ⱥ34z"), "12Ⱥ34Z");
  EXPECT_EQ(folded("Ɀ Ɐ ẞ Ⴀ Ａ 𐐀"), "ɀ ɐ ß ⴀ ａ 𐐨");
}

TEST(CaseFold, LeavesWhatHasNoOneOtherCase) {
  EXPECT_EQ(raised("ß ŉ ΰ 我"), "ß ŉ ΰ 我");
  EXPECT_EQ(folded("\xC3"), "\xC3");
  EXPECT_EQ(folded("\xF0\x90"), "\xF0\x90");
  EXPECT_EQ(folded("\x80 A\xFF"), "\x80 a\xFF");
}

}  // namespace
}  // namespace hence::filter
