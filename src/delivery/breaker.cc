// SPDX-License-Identifier: Apache-2.0
#include "delivery/breaker.h"

namespace hence::delivery {

std::string_view breaker_state_name(Breaker::State state) {
  switch (state) {
    case Breaker::State::closed: return "closed";
    case Breaker::State::open: return "open";
    case Breaker::State::half_open: return "half-open";
  }
  return "";
}

}  // namespace hence::delivery
