#include "common/base/scheduling.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include <linux/sched/types.h>

namespace quartet {
namespace {

// The least that the kernel accepts.
constexpr std::uint64_t kSliceNanoseconds = 100'000;

}  // namespace

void PreferShortWaits() {
  // Policy and nice value are set by the same call, so they are read first and stay what they are.
  sched_attr attributes{};
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  attributes.sched_runtime = kSliceNanoseconds;
  // It is a wish: a kernel or a sandbox that does not grant it changes nothing but waiting times.
  static_cast<void>(::syscall(SYS_sched_setattr, 0, &attributes, 0));
}

}  // namespace quartet
