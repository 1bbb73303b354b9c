// The functions of the core without state, for the export table. All have the core's own shape:
// outputs first, written into the caller's arrays, and a status as their value. But for the first
// two they are the provider's that they were exported for (provider.h).
#ifndef MPIN_ADDON_FUNCTIONS_H_
#define MPIN_ADDON_FUNCTIONS_H_

#include <napi.h>

namespace mpin::addon {

Napi::Value hash_id(const Napi::CallbackInfo& info);
Napi::Value random_scalar(const Napi::CallbackInfo& info);

Napi::Value server_secret_share(const Napi::CallbackInfo& info);
Napi::Value client_secret_shares(const Napi::CallbackInfo& info);
Napi::Value time_permit_shares(const Napi::CallbackInfo& info);
Napi::Value add_g1(const Napi::CallbackInfo& info);
Napi::Value add_g2(const Napi::CallbackInfo& info);

Napi::Value extract_pin(const Napi::CallbackInfo& info);
Napi::Value client_pass1(const Napi::CallbackInfo& info);
Napi::Value client_pass2(const Napi::CallbackInfo& info);

Napi::Value self_test(const Napi::CallbackInfo& info);

}  // namespace mpin::addon

#endif  // MPIN_ADDON_FUNCTIONS_H_
