#include "services/quartet/cli.h"

int main(int argc, char** argv) {
  return quartet::cli::Run(argc, argv);
}
