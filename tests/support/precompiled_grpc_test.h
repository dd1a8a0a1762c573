#pragma once

// What nearly every test includes that speaks gRPC.

#include "common/cmake/precompiled.h"
#include "tests/support/precompiled_test.h"
