// SPDX-License-Identifier: Apache-2.0
#include "event/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <climits>

#include "base/check.h"

namespace hence::event {

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  HENCE_CHECK(key.size() <= INT_MAX);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const unsigned char* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest, &size);
  HENCE_CHECK(made != nullptr && size == 32);
  return std::string(reinterpret_cast<const char*>(digest), size);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace hence::event
