// SPDX-License-Identifier: Apache-2.0
#include "schema/format.h"

#include <algorithm>

#include "schema/regex.h"
#include "schema/uri.h"

namespace hence::schema {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'z'); }
bool is_hex(char c) { return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f'); }

/// Two digits at p as a number, or a value beyond 99.
unsigned two_digits(const char* p) {
  const unsigned high = static_cast<unsigned char>(p[0]) - '0';
  const unsigned low = static_cast<unsigned char>(p[1]) - '0';
  return high > 9 || low > 9 ? 100 : high * 10 + low;
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const char* p = text.data();
  const unsigned century = two_digits(p), year = two_digits(p + 2), month = two_digits(p + 5), day = two_digits(p + 8);
  if (century > 99 || year > 99 || month < 1 || month > 12 || day < 1) return false;
  static constexpr uint8_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year != 0 || century % 4 == 0);
  return day <= kDays[month - 1] + (month == 2 && leap ? 1u : 0u);
}

bool is_time(std::string_view text) {
  if (text.size() < 9 || text[2] != ':' || text[5] != ':') return false;
  const unsigned hour = two_digits(text.data()), minute = two_digits(text.data() + 3);
  const unsigned second = two_digits(text.data() + 6);
  if (hour > 23 || minute > 59 || second > 60) return false;
  size_t at = 8;
  if (text[at] == '.') {
    const size_t from = ++at;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == from || at == text.size()) return false;
  }
  int offset = 0;
  if ((text[at] | 32) == 'z') {
    if (at + 1 != text.size()) return false;
  } else {
    if ((text[at] != '+' && text[at] != '-') || at + 6 != text.size() || text[at + 3] != ':') return false;
    const unsigned hours = two_digits(text.data() + at + 1), minutes = two_digits(text.data() + at + 4);
    if (hours > 23 || minutes > 59) return false;
    offset = static_cast<int>(hours * 60 + minutes) * (text[at] == '-' ? -1 : 1);
  }
  // A leap second ends a day of UTC.
  const int utc = ((static_cast<int>(hour * 60 + minute) - offset) % 1440 + 1440) % 1440;
  return second < 60 || utc == 23 * 60 + 59;
}

bool is_date_time(std::string_view text) {
  return text.size() > 11 && (text[10] | 32) == 't' && is_date(text.substr(0, 10)) && is_time(text.substr(11));
}

/// Digits and a designator of order, each once and in that order; the last ones may be left out.
bool duration_part(std::string_view& text, std::string_view order) {
  bool any = false;
  size_t next = 0;
  while (!text.empty() && is_digit(text[0])) {
    size_t end = 0;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end == text.size()) return false;
    const size_t place = order.find(text[end], next);
    // RFC 3339: units follow each other without a gap.
    if (place == std::string_view::npos || (any && place != next)) return false;
    next = place + 1;
    any = true;
    text.remove_prefix(end + 1);
  }
  return any;
}

bool is_duration(std::string_view text) {
  if (text.size() < 3 || text[0] != 'P') return false;
  text.remove_prefix(1);
  if (text.back() == 'W') return std::all_of(text.begin(), text.end() - 1, is_digit);
  if (text[0] != 'T' && !duration_part(text, "YMD")) return false;
  if (text.empty()) return true;
  if (text[0] != 'T') return false;
  text.remove_prefix(1);
  return duration_part(text, "HMS") && text.empty();
}

/// A label of RFC 1123; of an A-label only the form is checked, not what it decodes to.
bool is_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  if (!std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; })) return false;
  if (label.size() < 4 || label.substr(2, 2) != "--") return true;
  return (label[0] | 32) == 'x' && (label[1] | 32) == 'n' && label.size() > 4;
}

bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_atom_text(std::string_view text, bool international) {
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos) {
    return false;
  }
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alnum(c) || c == '.' || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos ||
           (international && static_cast<unsigned char>(c) >= 0x80);
  });
}

bool is_quoted_text(std::string_view text, bool international) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\') {
      if (++i + 1 >= text.size()) return false;
    } else if (text[i] == '"') {
      return false;
    }
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7F || (c >= 0x80 && !international)) return false;
  }
  return true;
}

bool is_mailbox(std::string_view text, bool international) {
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos || at > 64) return false;
  const std::string_view local = text.substr(0, at), domain = text.substr(at + 1);
  if (!is_atom_text(local, international) && !is_quoted_text(local, international)) return false;
  if (domain.size() > 2 && domain.front() == '[' && domain.back() == ']') {
    const std::string_view address = domain.substr(1, domain.size() - 2);
    return address.substr(0, 5) == "IPv6:" ? is_ipv6(address.substr(5)) : is_ipv4(address);
  }
  if (!international) return is_hostname(domain);
  return !domain.empty() && domain.front() != '.' && domain.back() != '.' &&
         std::all_of(domain.begin(), domain.end(), [](char c) {
           return is_alnum(c) || c == '.' || c == '-' || static_cast<unsigned char>(c) >= 0x80;
         });
}
bool is_email(std::string_view text) { return is_mailbox(text, false); }
bool is_idn_email(std::string_view text) { return is_mailbox(text, true); }

bool is_json_pointer(std::string_view text) {
  if (text.empty()) return true;
  if (text[0] != '/') return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '~' && (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1'))) return false;
  }
  return true;
}

bool is_relative_json_pointer(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && is_digit(text[at])) ++at;
  if (at == 0 || (at > 1 && text[0] == '0')) return false;
  return text.substr(at) == "#" || is_json_pointer(text.substr(at));
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < 36; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

bool is_absolute_uri(std::string_view text) { return is_uri(text, UriKind::absolute, UriCharacters::ascii); }
bool is_any_uri(std::string_view text) { return is_uri(text, UriKind::reference, UriCharacters::ascii); }
bool is_iri(std::string_view text) { return is_uri(text, UriKind::absolute, UriCharacters::international); }
bool is_iri_reference(std::string_view text) { return is_uri(text, UriKind::reference, UriCharacters::international); }

constexpr Format kFormats[] = {
    {"date-time", is_date_time, "a date and time such as 2026-01-31T12:00:00Z"},
    {"date", is_date, "a date such as 2026-01-31"},
    {"time", is_time, "a time with offset such as 12:00:00Z"},
    {"duration", is_duration, "an ISO 8601 duration such as P1DT2H"},
    {"email", is_email, "an e-mail address"},
    {"idn-email", is_idn_email, "an e-mail address"},
    {"hostname", is_hostname, "a host name"},
    {"ipv4", is_ipv4, "an IPv4 address such as 192.0.2.1"},
    {"ip-address", is_ipv4, "an IPv4 address such as 192.0.2.1"},
    {"ipv6", is_ipv6, "an IPv6 address such as 2001:db8::1"},
    {"uri", is_absolute_uri, "an absolute URI such as https://example.com/a"},
    {"uri-reference", is_any_uri, "a URI reference such as /a/b"},
    {"iri", is_iri, "an absolute IRI such as https://example.com/a"},
    {"iri-reference", is_iri_reference, "an IRI reference such as /a/b"},
    {"uri-template", is_uri_template, "a URI template such as /orders/{id}"},
    {"json-pointer", is_json_pointer, "a JSON pointer such as /a/0"},
    {"relative-json-pointer", is_relative_json_pointer, "a relative JSON pointer such as 1/a"},
    {"uuid", is_uuid, "a UUID such as 2eb8aa08-aa98-11ea-b4aa-73b441d16380"},
    {"regex", is_regex, "a regular expression of ECMA-262"},
};

}  // namespace

const Format* find_format(std::string_view name) {
  const auto* found = std::find_if(std::begin(kFormats), std::end(kFormats),
                                   [&](const Format& format) { return format.name == name; });
  return found == std::end(kFormats) ? nullptr : found;
}

}  // namespace hence::schema
