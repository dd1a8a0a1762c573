#include "common/app/run.h"
#include "services/qualification/service.h"

int main(int argc, char** argv) {
  return quartet::app::RunService(argc, argv, "qualification", quartet::qualification::Bind);
}
