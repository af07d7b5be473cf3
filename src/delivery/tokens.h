// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tokens of OAuth 2.0 and OpenID Connect for calls that leave: got once for all who ask in the same
// way, kept until shortly before they expire, refreshed where the server gives a refresh token.
// In memory only. One thread, the dispatcher's.
//
//   find ─► a token │ nothing: join(key) and, if the key is new, start next_call(key)
//   answer of that call ─► take_answer(key) ─► another call (discovery first) │ over: everyone goes

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "delivery/http_client.h"
#include "json/value.h"

namespace hence::delivery {

/// How long a token is used whose answer says nothing of its life.
inline constexpr Duration kTokenLifeOtherwise = Duration::minutes(5);
inline constexpr Duration kTokenMarginMax = Duration::seconds(30);
inline constexpr Duration kTokenCallTimeout = Duration::seconds(20);
inline constexpr size_t kTokensMax = 1'000;

class Tokens {
 public:
  /// The token of a policy (workflow/token_request.cc), if it is fresh.
  std::optional<std::string> find(const std::string& policy, UtcTime now);
  /// Begins getting one. False: that is under way already.
  bool begin(const std::string& policy);
  /// The next call to make for it. Errors: Unauthenticated.
  Result<HttpCall> next_call(const std::string& policy);
  /// What came. Nothing: call next_call again. A token, or why there is none: it is over.
  /// Errors inside: Unauthenticated, CallFailed; never with a credential in them.
  std::optional<Result<std::string>> take_answer(const std::string& policy,
                                                 const Result<HttpAnswer>& answer, UtcTime now);
  /// A call was refused with this token: the next one gets another.
  void drop(const std::string& policy, const std::string& token);

 private:
  struct Entry {
    std::string token;
    UtcTime until;
    std::string refresh_token;
    std::string endpoint;      ///< from discovery
    bool running = false;
    bool discovering = false;
    bool refreshing = false;
  };
  std::optional<Result<std::string>> take_discovery(Entry& entry, json::View policy,
                                                    json::View answer);
  std::map<std::string, Entry> entries_;
};

}  // namespace hence::delivery
