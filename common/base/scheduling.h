#pragma once

namespace quartet {

// Asks the kernel to let this thread run soon after it becomes ready, in return for short turns. For the few threads
// on which many others wait and which themselves mostly wait for I/O: on a busy machine such a thread otherwise waits
// for the end of somebody's turn, several milliseconds, after each fsync of a tenth of one. Needs no privilege; heeded
// by Linux 6.12 and later (the slice of the EEVDF scheduler), without effect elsewhere.
void PreferShortWaits();

}  // namespace quartet
