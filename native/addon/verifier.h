// A verifier as a JavaScript object: the prepared server secret of one relying party.
#ifndef MPIN_ADDON_VERIFIER_H_
#define MPIN_ADDON_VERIFIER_H_

#include <napi.h>

#include <memory>

#include "mpin.h"
#include "provider.h"

namespace mpin::addon {

// The object is made empty and filled by `prepare`; the calls that check throw while it is empty.
// Its secret is wiped by `close`, by a further `prepare`, when the object is collected, and when
// its environment ends: a worker thread that is terminated leaves nothing behind.
class VerifierObject : public Napi::ObjectWrap<VerifierObject> {
 public:
  // define: the class over one provider's functions.
  static Napi::Function define(Napi::Env env, const Kernel& by);

  explicit VerifierObject(const Napi::CallbackInfo& info)
      : ObjectWrap(info), by_(provider_of(info)) {}

  void Finalize(Napi::BasicEnv env) override { drop(env); }

 private:
  struct WipingDelete {
    void operator()(mpin::Verifier* verifier) const;
  };

  // prepare(serverSecret) -> status; empty after any status but ok.
  Napi::Value prepare(const Napi::CallbackInfo& info);
  // verifyBatch(statuses, records, failureRate): one status for each record.
  Napi::Value verify_batch(const Napi::CallbackInfo& info);
  // pinError(record) -> number or null
  Napi::Value pin_error(const Napi::CallbackInfo& info);
  // close(): wipes and empties; calling it again does nothing.
  Napi::Value close(const Napi::CallbackInfo& info);

  bool require_prepared(Napi::Env env) const;
  void drop(Napi::BasicEnv env);

  const Kernel& by_;
  std::unique_ptr<mpin::Verifier, WipingDelete> prepared_;
};

}  // namespace mpin::addon

#endif  // MPIN_ADDON_VERIFIER_H_
