#include "common/app/run.h"
#include "services/account/service.h"

int main(int argc, char** argv) {
  return quartet::app::RunService(argc, argv, "account", quartet::account::Bind);
}
