#pragma once

namespace quartet::rpc {

// The largest message that goes over a connection, either way.
inline constexpr int kMessageBytesMax = 16 * 1024 * 1024;

// The most metadata that our own clients take. Others take 8 KiB, which is what
// ToGrpcStatus keeps to.
inline constexpr int kMetadataBytesMax = 64 * 1024;

}  // namespace quartet::rpc
