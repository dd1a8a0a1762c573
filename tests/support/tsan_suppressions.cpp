// Compiled into every program of the tsan preset, so that the services a test starts are covered as the test itself is.
//
// The distribution's gRPC, protobuf and Abseil are not instrumented: ThreadSanitizer cannot see the locks and atomics
// by which they order memory, and would report their correct code. Nothing of our own may be listed here.

extern "C" const char* __tsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier): the runtime's name
  return "called_from_lib:libgrpc++.so\n"
         "called_from_lib:libgrpc++_reflection.so\n"
         "called_from_lib:libgrpc.so\n"
         "called_from_lib:libgpr.so\n"
         "called_from_lib:libprotobuf.so\n"
         "race:libabsl_\n"
         "mutex:libabsl_\n"
         "deadlock:libabsl_\n"
         "race:grpc::\n"
         "race:grpc_core::\n"
         "race:google::protobuf::\n";
}

extern "C" const char* __tsan_default_options() {  // NOLINT(bugprone-reserved-identifier): the runtime's name
  return "halt_on_error=1:second_deadlock_stack=1";
}
