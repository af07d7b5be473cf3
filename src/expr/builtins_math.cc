// SPDX-License-Identifier: Apache-2.0
// Builtins about numbers: the C library's mathematics as jq names it.
#include <cmath>

#include "expr/builtins.h"
#include "expr/operations.h"

namespace hence::expr {

namespace {

/// What a function of the C library may take, with arguments that are far from zero.
constexpr uint64_t kStepsOfFunction = 8;

template <double (*F)(double)>
Flow math_1(Run& run, Val* a, Val& out) {
  if (!a[0].is_number()) return run.fail(described(run, a[0]) + " number required");
  run.step(kStepsOfFunction);
  out = Val(F(a[0].number()));
  return Flow::value;
}
template <double (*F)(double, double)>
Flow math_2(Run& run, Val* a, Val& out) {
  for (int i = 1; i <= 2; ++i) {
    if (!a[i].is_number()) return run.fail(described(run, a[i]) + " number required");
  }
  run.step(kStepsOfFunction);
  out = Val(F(a[1].number(), a[2].number()));
  return Flow::value;
}

double significand_of(double x) {
  if (x == 0 || !std::isfinite(x)) return x;
  int exponent = 0;
  return std::frexp(x, &exponent) * 2;
}
double gamma_of(double x) {
  int sign = 0;
  return lgamma_r(x, &sign);
}
double exp10_of(double x) { return std::pow(10.0, x); }
double scale(double x, double by) {
  if (by > 10'000) by = 10'000;
  if (by < -10'000) by = -10'000;
  return by != by ? by : std::ldexp(x, static_cast<int>(by));
}
double sqrt_of(double x) { return std::sqrt(x); }
double drem_of(double x, double y) { return std::remainder(x, y); }
double rint_of(double x) { return std::rint(x); }

Flow fma_3(Run& run, Val* a, Val& out) {
  for (int i = 1; i <= 3; ++i) {
    if (!a[i].is_number()) return run.fail(described(run, a[i]) + " number required");
  }
  out = Val(std::fma(a[1].number(), a[2].number(), a[3].number()));
  return Flow::value;
}

Flow pair(Run& run, double first, double second, Val& out) {
  out = make_array(run, 2);
  push(run, out, Val(first));
  push(run, out, Val(second));
  return Flow::value;
}
Flow frexp_0(Run& run, Val* a, Val& out) {
  if (!a[0].is_number()) return run.fail(described(run, a[0]) + " number required");
  int exponent = 0;
  const double fraction = std::frexp(a[0].number(), &exponent);
  return pair(run, fraction, std::isfinite(a[0].number()) ? exponent : 0, out);
}
Flow modf_0(Run& run, Val* a, Val& out) {
  if (!a[0].is_number()) return run.fail(described(run, a[0]) + " number required");
  double whole = 0;
  const double fraction = std::modf(a[0].number(), &whole);
  return pair(run, fraction, whole, out);
}
Flow lgamma_r_0(Run& run, Val* a, Val& out) {
  if (!a[0].is_number()) return run.fail(described(run, a[0]) + " number required");
  run.step(kStepsOfFunction);
  int sign = 0;
  const double value = lgamma_r(a[0].number(), &sign);
  return pair(run, value, sign, out);
}

Flow infinite(Run&, Val*, Val& out) {
  out = Val(HUGE_VAL);
  return Flow::value;
}
Flow nan_0(Run&, Val*, Val& out) {
  out = Val(std::nan(""));
  return Flow::value;
}
template <bool (*F)(double)>
Flow test(Run& run, Val* a, Val& out) {
  if (!a[0].is_number()) return run.fail(described(run, a[0]) + " number required");
  out = Val(F(a[0].number()));
  return Flow::value;
}
bool infinite_number(double x) { return std::isinf(x); }
bool nan_number(double x) { return std::isnan(x); }
bool normal_number(double x) { return std::isnormal(x); }

#define MATH_1(name) {#name, 0, true, math_1<::name>}
#define MATH_2(name) {#name, 2, true, math_2<::name>}
constexpr Native kBuiltins[] = {
    MATH_1(floor), {"sqrt", 0, true, math_1<sqrt_of>}, MATH_1(ceil), MATH_1(round), MATH_1(trunc),
    MATH_1(nearbyint), {"rint", 0, true, math_1<rint_of>}, MATH_1(fabs), MATH_1(cbrt), MATH_1(exp), MATH_1(exp2),
    {"exp10", 0, true, math_1<exp10_of>}, {"pow10", 0, true, math_1<exp10_of>}, MATH_1(expm1), MATH_1(log), MATH_1(log2), MATH_1(log10),
    MATH_1(log1p), MATH_1(logb), {"gamma", 0, true, math_1<gamma_of>},
    {"lgamma", 0, true, math_1<gamma_of>}, MATH_1(tgamma), MATH_1(sin), MATH_1(cos), MATH_1(tan),
    MATH_1(asin), MATH_1(acos), MATH_1(atan), MATH_1(sinh), MATH_1(cosh), MATH_1(tanh),
    MATH_1(asinh), MATH_1(acosh), MATH_1(atanh), MATH_1(j0), MATH_1(j1), MATH_1(y0), MATH_1(y1),
    {"significand", 0, true, math_1<significand_of>},
    MATH_2(pow), MATH_2(atan2), MATH_2(fmod), MATH_2(fmin), MATH_2(fmax), MATH_2(fdim),
    MATH_2(hypot), MATH_2(copysign), MATH_2(nextafter), {"nexttoward", 2, true, math_2<::nextafter>},
    {"drem", 2, true, math_2<drem_of>}, {"ldexp", 2, true, math_2<scale>},
    {"scalb", 2, true, math_2<scale>}, {"scalbln", 2, true, math_2<scale>},
    {"fma", 3, true, fma_3},
    {"frexp", 0, true, frexp_0}, {"modf", 0, true, modf_0}, {"lgamma_r", 0, true, lgamma_r_0},
    {"infinite", 0, true, infinite}, {"nan", 0, true, nan_0},
    {"isinfinite", 0, true, test<infinite_number>}, {"isnan", 0, true, test<nan_number>},
    {"isnormal", 0, true, test<normal_number>},
};
#undef MATH_1
#undef MATH_2

}  // namespace

std::span<const Native> math_builtins() { return kBuiltins; }

}  // namespace hence::expr
