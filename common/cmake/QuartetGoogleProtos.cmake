# Google's common protos (google/api, google/type, google/rpc) come from the npm package google-gax, because the
# distribution's copy is too old (it has no ErrorInfo and no IDENTIFIER). The package is fetched once for all presets,
# and only the exact archive that was reviewed is accepted.

set(QUARTET_GAX_VERSION 5.0.8)
set(QUARTET_GAX_SHA512
  338be965c5d0202d60a8854643b79a5378d7400eb379c4adc935eee75e1361f4e19604aead824ec47668f5fcd4ea1020c0f5afb84ca70151d6c9a224f3455e10)

# Sets `result` to the folder that holds google/api and the others; fetches the package if it is not there yet.
# An offline build gives -DQUARTET_GOOGLE_PROTOS_DIR=<such a folder>.
function(quartet_google_protos result)
  if(QUARTET_GOOGLE_PROTOS_DIR)
    set(${result} "${QUARTET_GOOGLE_PROTOS_DIR}" PARENT_SCOPE)
    return()
  endif()
  set(home "${PROJECT_SOURCE_DIR}/build/google-gax-${QUARTET_GAX_VERSION}")
  set(${result} "${home}/package/build/protos" PARENT_SCOPE)

  file(MAKE_DIRECTORY "${home}")
  file(LOCK "${home}/lock" GUARD FUNCTION TIMEOUT 300)
  if(EXISTS "${home}/complete")
    return()
  endif()

  find_program(QUARTET_NPM npm REQUIRED)
  message(STATUS "Fetching google-gax ${QUARTET_GAX_VERSION} for Google's common protos")
  execute_process(
    COMMAND "${QUARTET_NPM}" pack --silent --ignore-scripts "google-gax@${QUARTET_GAX_VERSION}"
    WORKING_DIRECTORY "${home}"
    RESULT_VARIABLE failed ERROR_VARIABLE complaint OUTPUT_QUIET)
  if(failed)
    message(FATAL_ERROR "npm pack google-gax@${QUARTET_GAX_VERSION} failed:\n${complaint}\n"
      "Without a network, give -DQUARTET_GOOGLE_PROTOS_DIR=<folder with google/api, google/type, google/rpc>.")
  endif()
  set(archive "${home}/google-gax-${QUARTET_GAX_VERSION}.tgz")
  file(SHA512 "${archive}" actual)
  if(NOT actual STREQUAL QUARTET_GAX_SHA512)
    file(REMOVE "${archive}")
    message(FATAL_ERROR "google-gax ${QUARTET_GAX_VERSION} is not the pinned archive: its sha512 is ${actual}")
  endif()
  file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${home}" PATTERNS "package/build/protos/google/*")
  file(REMOVE "${archive}")
  file(TOUCH "${home}/complete")
endfunction()
