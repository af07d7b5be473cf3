// SPDX-License-Identifier: Apache-2.0
#include "api/http_chunked.h"

#include <gtest/gtest.h>

namespace hence::api {
namespace {

struct Outcome {
  int status = 0;  // 0: read; -1: unfinished
  std::string body;
  std::string rest;

  bool operator==(const Outcome&) const = default;
};

/// Feeds text in pieces of at most `piece` bytes.
Outcome decode(std::string_view text, size_t piece, uint64_t body_max = 1000) {
  const HttpLimits limits;
  ChunkedDecoder decoder;
  Outcome outcome;
  while (!text.empty() && !decoder.done()) {
    std::string_view part = text.substr(0, piece);
    const size_t given = part.size();
    if (auto refusal = decoder.feed(part, limits, body_max, outcome.body)) {
      outcome.status = error_info(refusal->error.code()).http_status;
      return outcome;
    }
    text.remove_prefix(given - part.size());
  }
  outcome.status = decoder.done() ? 0 : -1;
  outcome.rest = text;
  return outcome;
}

Outcome decode_all_ways(std::string_view text, uint64_t body_max = 1000) {
  const Outcome whole = decode(text, text.size() + 1, body_max);
  for (size_t piece = 1; piece < 5; ++piece) {
    const Outcome cut = decode(text, piece, body_max);
    EXPECT_EQ(cut.status, whole.status) << text;
    if (whole.status == 0) { EXPECT_EQ(cut, whole) << text; }
  }
  return whole;
}

TEST(ChunkedDecoder, JoinsChunks) {
  EXPECT_EQ(decode_all_ways("4\r\nWiki\r\n6;a=\"b\"\r\npedia \r\n000c\r\nin\r\n\r\nchunks\r\n0\r\n\r\n"),
            (Outcome{0, "Wikipedia in\r\n\r\nchunks", ""}));
  EXPECT_EQ(decode_all_ways("3\r\nabc\r\n0\r\n\r\nNEXT"), (Outcome{0, "abc", "NEXT"}));
  EXPECT_EQ(decode_all_ways("0\r\n\r\n"), (Outcome{0, "", ""}));
  EXPECT_EQ(decode_all_ways("A\r\n0123456789\r\n0;x\r\nTrailer: yes\r\n\r\n"),
            (Outcome{0, "0123456789", ""}));
  EXPECT_EQ(decode_all_ways("3\r\nabc\r\n").status, -1);
}

TEST(ChunkedDecoder, RefusesWhatOthersCouldReadDifferently) {
  for (const char* text :
       {"\r\n", "x\r\n", "-1\r\n", "+3\r\nabc\r\n", "0x3\r\nabc\r\n", " 3\r\nabc\r\n", "3 \r\nabc\r\n",
        "3\nabc\r\n", "3\rabc", "3\r\nabcd\r\n", "3\r\nabc\n0", "3\r\nabc\rX", "3;a\nabc\r\n",
        "3;a\x01\r\nabc\r\n", "00000000000000003\r\nabc\r\n", "0\r\nX\r\n\r\n", "0\r\n a: b\r\n\r\n",
        "0\r\na : b\r\n\r\n", "0\r\na: b\n\r\n", "0\r\na: b\rX", "3\r\nabc\r\n\r\n", ";x\r\n"}) {
    EXPECT_EQ(decode_all_ways(text).status, 400) << text;
  }
  EXPECT_EQ(decode_all_ways("3;" + std::string(257, 'a') + "\r\n").status, 400);
  EXPECT_EQ(decode_all_ways("0\r\na: " + std::string(5000, 'a')).status, 431);
}

TEST(ChunkedDecoder, RefusesTooMuchByTheSizeLine) {
  EXPECT_EQ(decode_all_ways("4\r\n", 3).status, 413);
  EXPECT_EQ(decode_all_ways("3\r\nabc\r\n1\r\n", 3).status, 413);
  EXPECT_EQ(decode_all_ways("ffffffffffffffff\r\n", 1u << 30).status, 413);
  EXPECT_EQ(decode_all_ways("3\r\nabc\r\n0\r\n\r\n", 3).status, 0);
}

}  // namespace
}  // namespace hence::api
