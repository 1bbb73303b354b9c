#include "verifier.h"

#include <cstdint>
#include <new>
#include <utility>

#include "arguments.h"
#include "memory.h"

namespace mpin::addon {

Napi::Function VerifierObject::define(Napi::Env env, const Kernel& by) {
  return DefineClass(env, "Verifier",
                     {
                         InstanceMethod("prepare", &VerifierObject::prepare),
                         InstanceMethod("verifyBatch", &VerifierObject::verify_batch),
                         InstanceMethod("pinError", &VerifierObject::pin_error),
                         InstanceMethod("close", &VerifierObject::close),
                     },
                     const_cast<Kernel*>(&by));
}

Napi::Value VerifierObject::prepare(const Napi::CallbackInfo& info) {
  Arguments args(info);
  const uint8_t* server_secret = args.bytes("serverSecret", kG2Bytes);
  if (args.failed()) return args.undefined();
  drop(info.Env());
  decltype(prepared_) fresh(new (std::nothrow) mpin::Verifier);
  if (!fresh) {
    Napi::Error::New(info.Env(), "out of memory").ThrowAsJavaScriptException();
    return args.undefined();
  }
  // Where it is not allowed the verifier works all the same.
  (void)lock_pages(fresh.get(), sizeof(mpin::Verifier));
  const Status status = by_.verifier_init(fresh.get(), server_secret);
  if (status == Status::ok) {
    prepared_ = std::move(fresh);
    // The collector sees only the small wrapper; this tells it what hangs on it.
    Napi::MemoryManagement::AdjustExternalMemory(info.Env(), sizeof(mpin::Verifier));
  }
  return status_value(info, status);
}

Napi::Value VerifierObject::verify_batch(const Napi::CallbackInfo& info) {
  Arguments args(info);
  size_t count = 0;
  int8_t* statuses = args.int8s("statuses", &count);
  const uint8_t* records = args.bytes("records", count * kRecordBytes);
  const double failure_rate = args.share("failureRate");
  if (args.failed() || !require_prepared(info.Env())) return args.undefined();
  by_.verify_batch(*prepared_, records, count, statuses, failure_rate);
  return args.undefined();
}

Napi::Value VerifierObject::pin_error(const Napi::CallbackInfo& info) {
  Arguments args(info);
  const uint8_t* record = args.bytes("record", kRecordBytes);
  if (args.failed() || !require_prepared(info.Env())) return args.undefined();
  int32_t error = 0;
  if (!by_.pin_error(*prepared_, record, &error)) return info.Env().Null();
  return Napi::Number::New(info.Env(), error);
}

Napi::Value VerifierObject::close(const Napi::CallbackInfo& info) {
  drop(info.Env());
  return info.Env().Undefined();
}

bool VerifierObject::require_prepared(Napi::Env env) const {
  if (prepared_) return true;
  Napi::Error::New(env, "the verifier is closed").ThrowAsJavaScriptException();
  return false;
}

void VerifierObject::drop(Napi::BasicEnv env) {
  if (!prepared_) return;
  prepared_.reset();
  Napi::MemoryManagement::AdjustExternalMemory(env, -int64_t{sizeof(mpin::Verifier)});
}

void VerifierObject::WipingDelete::operator()(mpin::Verifier* verifier) const {
  verifier_wipe(verifier);
  delete verifier;
}

}  // namespace mpin::addon
