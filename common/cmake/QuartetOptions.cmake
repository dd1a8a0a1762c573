# Language level, tools, warnings and sanitizers. Our own targets take all of it by linking quartet_flags;
# generated code takes only what the ABI and the sanitizers need.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# CMAKE_POSITION_INDEPENDENT_CODE stays unset: libraries and programs would get different flags (-fPIC, -fPIE), and a
# precompiled header fits only objects compiled with its own. The compiler's default makes position independent programs.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")

option(QUARTET_WARNINGS_ARE_ERRORS "Treat warnings in our own code as errors" ON)
option(QUARTET_LEAN_GENERATED_CODE "Compile generated code for build time (-O1, no debug information)" OFF)
option(QUARTET_LEAN_TESTS "Compile tests for build time (-O0, fewer sanitizer checks of the tests' own code)" OFF)
option(QUARTET_PRECOMPILED_HEADERS "Precompile the gRPC, protobuf and standard headers" ON)
option(QUARTET_UNITY_BUILD "Compile several sources of a library as one: quicker from nothing, slower after one edit" OFF)
set(QUARTET_UNITY_BATCH 8 CACHE STRING "How many sources are compiled as one")
set(QUARTET_SANITIZER "" CACHE STRING "none (empty), address (with undefined behaviour) or thread")
set_property(CACHE QUARTET_SANITIZER PROPERTY STRINGS "" address thread)

find_program(QUARTET_CCACHE ccache)
find_program(QUARTET_LLD ld.lld)
mark_as_advanced(QUARTET_CCACHE QUARTET_LLD)

if(QUARTET_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without this sloppiness ccache declines every file that uses a precompiled header. With the base directory, and
  # without the working directory in the hash, two clones of the project share their results (the debug information
  # then names the folder of the first).
  set(launcher "${CMAKE_COMMAND}" -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${QUARTET_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${launcher}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${launcher}")
endif()

# What is shipped is linked by the system's linker. lld rather than mold for the rest: mold 1.10 may link a program that does
# not start with read-only relocations, and without them may never end; which of them depends on where the data ends.
if(QUARTET_LLD AND NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  add_link_options(-fuse-ld=lld)
endif()

# What is shipped is inlined as if its sources were compiled one by one. GCC lets a large unit grow by less than half through
# inlining, and a unit of several sources is large; the linker takes whole units unless functions have sections of their own.
if(QUARTET_UNITY_BUILD AND CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(--param=large-unit-insns=1000000 -ffunction-sections -fdata-sections)
  add_link_options(-Wl,--gc-sections)
endif()

add_library(quartet_sanitizer INTERFACE)
if(QUARTET_SANITIZER STREQUAL "address")
  target_compile_options(quartet_sanitizer INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(quartet_sanitizer INTERFACE -fsanitize=address,undefined)
elseif(QUARTET_SANITIZER STREQUAL "thread")
  # -Wtsan objects to fences inside standard headers, which we cannot change.
  # protobuf's MapFieldBase has another layout where this macro is set, and the distribution's library has not.
  target_compile_options(quartet_sanitizer INTERFACE
    -fsanitize=thread -fno-omit-frame-pointer -Wno-tsan -U__SANITIZE_THREAD__)
  target_link_options(quartet_sanitizer INTERFACE
    -fsanitize=thread "LINKER:--version-script=${PROJECT_SOURCE_DIR}/common/cmake/tsan_exports.map")
elseif(NOT QUARTET_SANITIZER STREQUAL "")
  message(FATAL_ERROR "QUARTET_SANITIZER is '${QUARTET_SANITIZER}'; it can be empty, address or thread")
endif()

add_library(quartet_flags INTERFACE)
target_link_libraries(quartet_flags INTERFACE quartet_sanitizer)
target_include_directories(quartet_flags INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(quartet_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wsuggest-override -Wextra-semi
  -Wcast-qual -Wformat=2 -Wimplicit-fallthrough=5 -Wundef -Wvla -Wfloat-conversion
  -Wduplicated-cond -Wlogical-op -Wredundant-move
  # A designated initialiser leaves the other members at their defaults on purpose.
  -Wno-missing-field-initializers
  # GCC 12 sees these inside std::string and std::optional where they are not (bugs 105329, 105562, 105616).
  -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds
  # In a unit of several sources GCC takes each for a header, where this would be a fault.
  $<$<BOOL:${QUARTET_UNITY_BUILD}>:-Wno-subobject-linkage>
  $<$<BOOL:${QUARTET_WARNINGS_ARE_ERRORS}>:-Werror>)
