#include "common/app/run.h"
#include "services/lead/service.h"

int main(int argc, char** argv) {
  return quartet::app::RunService(argc, argv, "lead", quartet::lead::Bind);
}
