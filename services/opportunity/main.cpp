#include "common/app/run.h"
#include "services/opportunity/service.h"

int main(int argc, char** argv) {
  return quartet::app::RunService(argc, argv, "opportunity", quartet::opportunity::Bind);
}
