#include "provider.h"

#include "functions.h"
#include "verifier.h"

#ifdef MPIN_AMCL_VERSION
#include "amcl.h"
#endif

namespace mpin::addon {
namespace {

// The core through its dispatch, whichever kernel that has chosen.
constexpr Kernel kCore = {"core",
                          mpin::server_secret_share,
                          mpin::client_secret_shares,
                          mpin::time_permit_shares,
                          mpin::add_g1,
                          mpin::add_g2,
                          mpin::extract_pin,
                          mpin::client_pass1,
                          mpin::client_pass2,
                          mpin::verifier_init,
                          mpin::verify_batch,
                          mpin::pin_error};

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
void add(Napi::Object target, const char* name, const Kernel& by) {
  // JavaScript hands the pointer back and never looks behind it.
  void* data = const_cast<Kernel*>(&by);
  target[name] = Napi::Function::New<function>(target.Env(), name, data);
}

void add_all(Napi::Object target, const Kernel& by) {
  add<self_test>(target, "selfTest", by);
  add<server_secret_share>(target, "serverSecretShare", by);
  add<client_secret_shares>(target, "clientSecretShares", by);
  add<time_permit_shares>(target, "timePermitShares", by);
  add<add_g1>(target, "addG1", by);
  add<add_g2>(target, "addG2", by);
  add<extract_pin>(target, "extractPin", by);
  add<client_pass1>(target, "clientPass1", by);
  add<client_pass2>(target, "clientPass2", by);
  target["Verifier"] = VerifierObject::define(target.Env(), by);
}

}  // namespace

void export_core(Napi::Object target) {
  add_all(target, kCore);
}

void export_amcl(Napi::Object exports) {
  const Napi::Env env = exports.Env();
#ifdef MPIN_AMCL_VERSION
  Napi::Object amcl = Napi::Object::New(env);
  add_all(amcl, kAmclKernel);
  exports["amcl"] = amcl;
  exports["amclVersion"] = Napi::String::New(env, MPIN_AMCL_VERSION);
#else
  exports["amcl"] = env.Null();
  exports["amclVersion"] = env.Null();
#endif
}

}  // namespace mpin::addon
