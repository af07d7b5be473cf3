# Compiler settings shared by every target, and the function that declares a module.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_C_FLAGS_RELEASE "-O2")
# Under sanitizers -O2 -g takes more than twice as long to compile and finds nothing more.
set(CMAKE_CXX_FLAGS_SANITIZE "-O1 -g1")
set(CMAKE_C_FLAGS_SANITIZE "-O1 -g1")
set(HENCE_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")
option(HENCE_FUZZ "Build the libFuzzer targets (clang)" OFF)
option(HENCE_COVERAGE "Instrument for coverage" OFF)
# The library's headers are half of what there is to compile. Tests always have them precompiled; modules
# only where warnings are not errors, for gcc 12 warns of what the library does when it is optimised.
option(HENCE_PRECOMPILE "Compile the standard library's headers once for all modules" OFF)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # The sloppiness is what ccache asks for to take files with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Werror
  -fno-strict-aliasing -ffp-contract=off -fPIE -fstack-protector-strong
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
add_compile_definitions(_GLIBCXX_ASSERTIONS)
add_link_options(-pie -Wl,-z,relro -Wl,-z,now -Wl,--as-needed)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(--param=ggc-min-heapsize=524288)  # KiB: gcc collects its garbage later, a file takes 5 % less time
endif()
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  add_compile_options(-march=x86-64-v2 -fcf-protection)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
if(HENCE_SANITIZE)
  add_compile_options(-fsanitize=${HENCE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HENCE_SANITIZE})
  if(HENCE_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-maybe-uninitialized)  # gcc 12 sees ghosts in optionals that are instrumented
  endif()
endif()
if(HENCE_FUZZ)
  # Every module tells the fuzzer where it has been, not only the target: it steers by that.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(HENCE_PRECOMPILE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-error)  # gcc 12 takes precompiled headers for ours and warns of what the library does
endif()
if(HENCE_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

include_directories(${PROJECT_SOURCE_DIR}/src)
find_package(Threads REQUIRED)
if(PROJECT_IS_TOP_LEVEL)
  find_package(GTest REQUIRED)
endif()

set(HENCE_COMMON_HEADERS <algorithm> <array> <chrono> <cstdint> <deque> <functional> <map> <memory> <optional> <set> <span>
  <string> <string_view> <utility> <variant> <vector>)

# hence_headers(NAME HEADER …)
#   A target that has the headers precompiled, for others to take from.
function(hence_headers name)
  set(source ${PROJECT_BINARY_DIR}/${name}.cc)
  file(GENERATE OUTPUT ${source} CONTENT "")
  add_library(${name} OBJECT ${source})
  target_precompile_headers(${name} PRIVATE ${ARGN})
endfunction()

# Tests are two fifths of what there is to compile and run for seconds: a fifth less to wait for.
set(HENCE_TEST_OPTIONS $<$<CONFIG:Release>:-O1>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # What gcc 12 says of the library's own code once that comes precompiled.
  list(APPEND HENCE_TEST_OPTIONS -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-maybe-uninitialized)
endif()
if(PROJECT_IS_TOP_LEVEL)
  hence_headers(hence_test_headers ${HENCE_COMMON_HEADERS} <gmock/gmock.h>)
  target_compile_options(hence_test_headers PRIVATE ${HENCE_TEST_OPTIONS})
  target_link_libraries(hence_test_headers PRIVATE GTest::gmock)
endif()
if(HENCE_PRECOMPILE)
  hence_headers(hence_module_headers ${HENCE_COMMON_HEADERS})
endif()

# hence_module(NAME SOURCES … [TESTS …] DEPS … [LIBS …])
#   Declares the static library hence_NAME from SOURCES, linked with the modules DEPS and the
#   external libraries LIBS, and, from TESTS, the program NAME_test, known to ctest (not inside another project).
#   A module in a sub-folder has the folder in its name with '_' for '/'.
function(hence_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;TESTS;DEPS;LIBS;TEST_LIBS" ${ARGN})
  string(REPLACE "/" "_" target ${name})
  if(arg_SOURCES)
    add_library(hence_${target} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
  else()
    add_library(hence_${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  foreach(dep ${arg_DEPS})
    string(REPLACE "/" "_" dep_target ${dep})
    target_link_libraries(hence_${target} ${scope} hence_${dep_target})
  endforeach()
  target_link_libraries(hence_${target} ${scope} ${arg_LIBS} Threads::Threads)
  target_include_directories(hence_${target} INTERFACE ${PROJECT_SOURCE_DIR}/src)  # for another project
  target_compile_features(hence_${target} INTERFACE cxx_std_20)
  if(HENCE_PRECOMPILE AND arg_SOURCES)
    target_precompile_headers(hence_${target} REUSE_FROM hence_module_headers)
  endif()
  if(arg_TESTS AND PROJECT_IS_TOP_LEVEL)
    add_executable(${target}_test ${arg_TESTS})
    target_link_libraries(${target}_test PRIVATE hence_${target} ${arg_TEST_LIBS} GTest::gmock GTest::gtest_main)
    target_precompile_headers(${target}_test REUSE_FROM hence_test_headers)
    target_compile_definitions(${target}_test PRIVATE HENCE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_compile_options(${target}_test PRIVATE ${HENCE_TEST_OPTIONS})
    add_test(NAME ${target} COMMAND ${target}_test)
    set_tests_properties(${target} PROPERTIES TIMEOUT 300 LABELS unit)
  endif()
endfunction()

# hence_names_commit(TARGET)
#   Gives the program "commit.h" with HENCE_COMMIT, the commit that its sources are at.
set(commit_header ${PROJECT_BINARY_DIR}/commit/commit.h)
add_custom_target(hence_commit BYPRODUCTS ${commit_header}
  COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DOUT=${commit_header}
    -P ${PROJECT_SOURCE_DIR}/cmake/write_commit.cmake)
function(hence_names_commit target)
  add_dependencies(${target} hence_commit)
  target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR}/commit)
endfunction()
