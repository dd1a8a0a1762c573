# Everything that comes from outside, found once. deploy/local/packages.txt names the packages.
# Libraries without a CMake package get an imported target `quartet_external_<name>`.

find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(GTest CONFIG REQUIRED)

# PkgConfig::hiredis, PkgConfig::libidn2, PkgConfig::libpq, PkgConfig::libpsl, PkgConfig::libutf8proc, PkgConfig::uuid
find_package(PkgConfig REQUIRED)
foreach(package IN ITEMS hiredis libidn2 libpq libpsl libutf8proc uuid)
  pkg_check_modules(${package} REQUIRED IMPORTED_TARGET ${package})
endforeach()

# hiredis asks for a macro that says nothing on 64 bits and keeps its users from the precompiled header.
set_property(TARGET PkgConfig::hiredis PROPERTY INTERFACE_COMPILE_OPTIONS "")

# Encryption to Redis, where hiredis has it (1.0 and newer).
pkg_check_modules(hiredis_ssl IMPORTED_TARGET hiredis_ssl)
if(hiredis_ssl_FOUND)
  find_package(OpenSSL REQUIRED)
  set_property(TARGET PkgConfig::hiredis_ssl PROPERTY INTERFACE_COMPILE_OPTIONS "")
endif()

# Sets up quartet_external_<name> from a library and one header that proves its include folder.
function(quartet_find_plain_library name header)
  find_library(QUARTET_${name}_LIBRARY ${name} REQUIRED)
  find_path(QUARTET_${name}_INCLUDE ${header} REQUIRED)
  mark_as_advanced(QUARTET_${name}_LIBRARY QUARTET_${name}_INCLUDE)
  add_library(quartet_external_${name} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(quartet_external_${name} PROPERTIES
    IMPORTED_LOCATION "${QUARTET_${name}_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${QUARTET_${name}_INCLUDE}")
endfunction()

quartet_find_plain_library(phonenumber phonenumbers/phonenumberutil.h)
target_link_libraries(quartet_external_phonenumber INTERFACE protobuf::libprotobuf)
quartet_find_plain_library(csv csv.h)

# The allocator of the services' processes; it takes the place of malloc, so nothing refers to it by name and the linker
# must be told to keep it. Sanitizers bring their own.
add_library(quartet_external_allocator INTERFACE)
if(NOT QUARTET_SANITIZER)
  find_library(QUARTET_jemalloc_LIBRARY jemalloc REQUIRED)
  mark_as_advanced(QUARTET_jemalloc_LIBRARY)
  target_link_options(quartet_external_allocator INTERFACE
    "LINKER:--push-state,--no-as-needed,${QUARTET_jemalloc_LIBRARY},--pop-state")
endif()

# Where the .proto files of gRPC's health service are.
find_path(QUARTET_GRPC_PROTO_DIR grpc/health/v1/health.proto PATH_SUFFIXES share/grpc-proto REQUIRED)
mark_as_advanced(QUARTET_GRPC_PROTO_DIR)

include(GoogleTest)
