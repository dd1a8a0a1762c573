#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include "tests/support/servers/child_process.h"
#include "tests/support/temp_directory.h"

namespace quartet::test {

// A certificate for the name localhost and its key, signed by itself, in PEM
// files. Failures throw, for a test cannot go on without.
class Certificate {
 public:
  Certificate() {
    const ProgramResult made = RunProgram(
        {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key(), "-out", certificate()},
        folder_.path());
    if (made.exit_code != 0) throw std::runtime_error("openssl req failed:\n" + made.err);
  }

  const std::filesystem::path& folder() const { return folder_.path(); }
  std::string key() const { return folder_.path() / "key.pem"; }
  std::string certificate() const { return folder_.path() / "certificate.pem"; }

 private:
  TempDirectory folder_;
};

}  // namespace quartet::test
