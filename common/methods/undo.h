#pragma once

#include <string>
#include <vector>

#include <google/protobuf/message.h>

#include "quartet/qualification/v1/participation.pb.h"

namespace quartet::methods {

// The fields that a caller may set and that are another in `after` than in
// `before`, as they must be known to take them back: by digests, for the values may
// be personal.
qualification::v1::RecordUndo FilledBetween(const google::protobuf::Message& before,
                                            const google::protobuf::Message& after);

// The fields of `undo` that still hold in `message` what filled them.
std::vector<std::string> Restorable(const google::protobuf::Message& message,
                                    const qualification::v1::RecordUndo& undo);

// Makes these as they were before.
void Restore(const qualification::v1::RecordUndo& undo, google::protobuf::Message& message);

}  // namespace quartet::methods
