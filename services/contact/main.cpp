#include "common/app/run.h"
#include "services/contact/service.h"

int main(int argc, char** argv) {
  return quartet::app::RunService(argc, argv, "contact", quartet::contact::Bind);
}
