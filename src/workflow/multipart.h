// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bodies that JSON does not hold: forms of several parts (multipart/form-data, RFC 7578) and files.
//
// A file is a text, or, where its bytes are no text or it has a name of its own, an object:
//   {"base64": "iVBORw0…" or "text": "…", "filename": "cat.png"?, "contentType": "image/png"?}

#include <string>
#include <string_view>

#include "base/result.h"
#include "json/value.h"

namespace hence::workflow {

inline constexpr std::string_view kFormData = "multipart/form-data";
inline constexpr std::string_view kBytesType = "application/octet-stream";

/// Whether a content type, with or without parameters, is kFormData.
bool is_form_data(std::string_view type);

struct Content {
  std::string type;  ///< for the header content-type; of a file empty where it does not say
  std::string bytes;
};

/// declared: `parts` of an operation (openapi.h); fields: an object, a member for each part. An array
/// is a part for each item, any other object a part of JSON. The boundary comes from the content, so
/// the same fields make the same bytes. Errors: RequestInvalid naming the part.
Result<Content> build_form_data(json::View declared, json::View fields);

/// Whether the value is the object of a file with `base64`.
bool is_encoded_file(json::View value);
/// The file that is_encoded_file(value). Errors: RequestInvalid, with what it is called.
Result<Content> read_encoded_file(json::View value, std::string_view what);

}  // namespace hence::workflow
