// SPDX-License-Identifier: Apache-2.0
#pragma once

// Shapes that the tables of documents and of tasks lend each other.

#include "workflow/shapes.h"

namespace hence::workflow {

extern const Shape kStringList, kAnyMap, kStringMap, kExpressionText, kUri, kUriOrExpression;
extern const Shape kTimeoutShape, kAuthenticationReference, kEndpointShape, kExternalResource;
extern const Shape kInputShape, kOutputShape, kErrorShape, kRetryShape;
extern const Shape kEventStrategy, kReadMode, kDslName;

}  // namespace hence::workflow
