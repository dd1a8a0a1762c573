# The few kinds of target the project has. Each takes sorted explicit lists.

add_custom_target(programs)

# Compiles `target` with the shared precompiled header (common/cmake/precompiled.h).
function(quartet_use_precompiled_header target)
  if(QUARTET_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} REUSE_FROM quartet_precompiled)
  endif()
endfunction()

# Lets `target` be compiled in units of several sources (ADR 0025): what their headers bring is read, instantiated and
# compiled once for all of them. Names in the anonymous namespaces of one library must differ for that.
function(quartet_use_unity_build target)
  if(QUARTET_UNITY_BUILD)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${QUARTET_UNITY_BATCH})
  endif()
endfunction()

# Turns `FILES` into <folder>/migrations.h, which sources of `target` and its users include by its path from the root of the
# project. It defines `quartet::<namespace>::kMigrations`, an array of pairs {file name, SQL text} in the given order.
function(quartet_embed_migrations target namespace)
  set(inputs)
  foreach(file IN LISTS ARGN)
    list(APPEND inputs "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
  endforeach()
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  set(output "${PROJECT_BINARY_DIR}/embedded/${folder}/migrations.h")
  add_custom_command(OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${output}" "-DNAMESPACE=quartet::${namespace}" "-DINPUTS=${inputs}"
            -P "${PROJECT_SOURCE_DIR}/common/cmake/EmbedMigrations.cmake"
    DEPENDS ${inputs} "${PROJECT_SOURCE_DIR}/common/cmake/EmbedMigrations.cmake"
    VERBATIM)
  add_custom_target(${target}_migrations DEPENDS "${output}")
  add_dependencies(quartet_generated ${target}_migrations)
  target_sources(${target} PRIVATE "${output}")
  target_include_directories(${target} PUBLIC "${PROJECT_BINARY_DIR}/embedded")
endfunction()

# quartet_library(<target> [SOURCES …] [DEPENDS …] [MIGRATIONS …] [PRECOMPILED])
#   A static library, or an INTERFACE library where there are no sources. DEPENDS are public.
#   MIGRATIONS: see quartet_embed_migrations; the namespace is the target's name without "quartet_".
#   PRECOMPILED: for libraries whose sources include gRPC or protobuf headers.
function(quartet_library target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "PRECOMPILED" "" "SOURCES;DEPENDS;MIGRATIONS")
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    target_link_libraries(${target} PUBLIC ${arg_DEPENDS} PRIVATE quartet_flags)
    target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}")
    quartet_use_unity_build(${target})
    if(arg_PRECOMPILED)
      quartet_use_precompiled_header(${target})
    endif()
    if(arg_MIGRATIONS)
      string(REGEX REPLACE "^quartet_" "" namespace ${target})
      quartet_embed_migrations(${target} ${namespace} ${arg_MIGRATIONS})
    endif()
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${arg_DEPENDS})
    target_include_directories(${target} INTERFACE "${PROJECT_SOURCE_DIR}")
  endif()
endfunction()

# quartet_program(<name> SOURCES … [DEPENDS …])
#   An executable bin/<name>. Those below services/ are what `--target programs` builds: all that a user runs.
function(quartet_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS")
  add_executable(${name} ${arg_SOURCES})
  if(QUARTET_SANITIZER STREQUAL "thread")
    target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests/support/tsan_suppressions.cpp")
  endif()
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} quartet_flags)
  if(CMAKE_CURRENT_SOURCE_DIR MATCHES "^${PROJECT_SOURCE_DIR}/services/")
    add_dependencies(programs ${name})
  endif()
endfunction()

# quartet_service(<name> SOURCES … [DEPENDS …] [MIGRATIONS …])
#   quartet_<name>_service: one OBJECT library with everything but main, shared by the executable, the all-in-one
#   process, the tests and the benchmarks (each names it in its own DEPENDS: objects are not passed on).
#   quartet-<name>: the executable, from main.cpp.
function(quartet_service name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;MIGRATIONS")
  set(library quartet_${name}_service)
  add_library(${library} OBJECT ${arg_SOURCES})
  target_link_libraries(${library} PUBLIC quartet_protos ${arg_DEPENDS} PRIVATE quartet_flags)
  target_include_directories(${library} PUBLIC "${PROJECT_SOURCE_DIR}")
  quartet_use_precompiled_header(${library})
  quartet_use_unity_build(${library})
  if(arg_MIGRATIONS)
    quartet_embed_migrations(${library} ${name} ${arg_MIGRATIONS})
  endif()
  quartet_program(quartet-${name} SOURCES main.cpp DEPENDS ${library})
endfunction()

# Compiles `target` as a test: with GoogleTest in its precompiled header, and gRPC too if `grpc` is true.
function(quartet_compile_as_test target grpc)
  if(QUARTET_LEAN_TESTS)
    target_link_libraries(${target} PRIVATE quartet_lean_test)
    set(kind test)
    if(grpc)
      set(kind grpc_test)
    endif()
    if(QUARTET_PRECOMPILED_HEADERS)
      target_precompile_headers(${target} REUSE_FROM quartet_precompiled_${kind})
    endif()
  elseif(grpc)
    quartet_use_precompiled_header(${target})
  endif()
endfunction()

# quartet_test_part(<name> SOURCES … [DEPENDS …] [PRECOMPILED])
#   Sources of tests that several executables share: compiled once, and linked whole by each that names it in DEPENDS.
function(quartet_test_part name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "PRECOMPILED" "" "SOURCES;DEPENDS")
  add_library(${name} OBJECT ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC ${arg_DEPENDS} GTest::gmock PRIVATE quartet_flags)
  quartet_compile_as_test(${name} "${arg_PRECOMPILED}")
endfunction()

# quartet_test(<suite> <name> SOURCES … [DEPENDS …] [NEEDS <target>…] [TIMEOUT <seconds>] [SERIAL] [ONE_PROCESS] [PRECOMPILED] [STORES]
#              [OPTIMIZED])
#   A GoogleTest executable bin/tests/<name>; every test of it carries the label <suite>, which is how tests/run
#   selects it. NEEDS: programs that the test starts; they are built first, and found in $QUARTET_BIN_DIR.
#   Tests run in the project's root. SERIAL: nothing else runs meanwhile (for tests that load the machine). TIMEOUT is per test; 60 unless told.
#   ONE_PROCESS: ctest sees the executable as one test; for tests that share what takes long to start.
#   PRECOMPILED: for tests that include gRPC or protobuf headers. OPTIMIZED: compiled like what it tests, not like a test.
#   STORES: the tests run over every store (tests/support/database_backend.h); for ctest those over PostgreSQL are one,
#   since they share a server.
function(quartet_test suite name)
  cmake_parse_arguments(PARSE_ARGV 2 arg "ONE_PROCESS;OPTIMIZED;SERIAL;PRECOMPILED;STORES" "TIMEOUT" "SOURCES;DEPENDS;NEEDS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  set(serial FALSE)
  if(arg_SERIAL)
    set(serial TRUE)
  endif()
  # All that are built by `--target tests_<suite>`, so that a suite costs no more than its own programs.
  if(NOT TARGET tests_${suite})
    add_custom_target(tests_${suite})
  endif()
  add_dependencies(tests_${suite} ${name})

  quartet_program(${name} SOURCES ${arg_SOURCES} DEPENDS ${arg_DEPENDS} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/tests")
  if(arg_NEEDS)
    add_dependencies(${name} ${arg_NEEDS})
  endif()
  if(NOT arg_OPTIMIZED)
    quartet_compile_as_test(${name} "${arg_PRECOMPILED}")
  elseif(arg_PRECOMPILED)
    quartet_use_precompiled_header(${name})
  endif()
  set(properties
    LABELS ${suite}
    TIMEOUT ${arg_TIMEOUT}
    RUN_SERIAL ${serial}
    ENVIRONMENT "QUARTET_BIN_DIR=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  if(arg_ONE_PROCESS)
    add_test(NAME ${suite}.${name} COMMAND ${name} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(${suite}.${name} PROPERTIES ${properties})
    return()
  endif()
  set(discovered *)
  if(arg_STORES)
    set(discovered -*/Postgres*)
    add_test(NAME ${suite}.${name}.Postgres COMMAND ${name} --gtest_filter=*/Postgres*
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(${suite}.${name}.Postgres PROPERTIES ${properties} TIMEOUT 300)
  endif()
  # Discovery is left to ctest: building runs nothing.
  gtest_discover_tests(${name}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    TEST_FILTER "${discovered}"
    TEST_PREFIX "${suite}."
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    PROPERTIES ${properties})
endfunction()
