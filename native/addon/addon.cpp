// The export table. Nothing here or below keeps state outside of the objects it makes, so the addon
// loads in the main thread and in any number of worker threads at once.
//
// Arguments come in the order of the core, outputs first; src/crypto/addon.ts has their types.
#include <napi.h>

#include "functions.h"
#include "memory.h"
#include "mpin.h"
#include "provider.h"

namespace mpin::addon {
namespace {

// Counts up with every change of this table's meaning; addon.ts refuses any but its own.
constexpr int kAbi = 3;

void export_build(Napi::Env env, Napi::Object exports) {
  exports["abi"] = Napi::Number::New(env, kAbi);
  exports["recordBytes"] = Napi::Number::New(env, kRecordBytes);
  exports["kernel"] = Napi::String::New(env, kernel_name());
  const char* error = kernel_error();
  exports["kernelError"] = error == nullptr ? env.Null() : Napi::String::New(env, error);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  export_build(env, exports);
  exports["hashId"] = Napi::Function::New<hash_id>(env);
  exports["randomScalar"] = Napi::Function::New<random_scalar>(env);
  exports["lockMemory"] = Napi::Function::New<lock_memory>(env);
  export_core(exports);
  export_amcl(exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(mpin, init)

}  // namespace mpin::addon
