// SPDX-License-Identifier: Apache-2.0
#include "event/data_text.h"

#include <string>

#include "json/parse.h"

namespace hence::event {

Result<Event> event_with_data(const json::Value& attributes, std::string_view text) {
  std::string whole = attributes->to_text();
  HENCE_CHECK(whole.size() > 2 && whole.back() == '}');
  whole.pop_back();
  whole.append(",\"data\":").append(text).push_back('}');
  HENCE_TRY(json::Value value, json::parse(whole));
  return Event::from_value(std::move(value));
}

}  // namespace hence::event
