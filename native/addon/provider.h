// Who computes: the core, or AMCL in a build that has found it. Both are tables of the functions of
// mpin.h; what JavaScript gets of either is the same object with the same names.
#ifndef MPIN_ADDON_PROVIDER_H_
#define MPIN_ADDON_PROVIDER_H_

#include <napi.h>

#include "kernel.h"

namespace mpin::addon {

// export_core: puts the core's functions into `target`.
void export_core(Napi::Object target);

// export_amcl: `amcl`, an object like the core's, and `amclVersion`; both null in a build without.
void export_amcl(Napi::Object exports);

// provider_of: the table that the called function, or the constructed class, was exported for.
inline const Kernel& provider_of(const Napi::CallbackInfo& info) {
  return *static_cast<const Kernel*>(info.Data());
}

}  // namespace mpin::addon

#endif  // MPIN_ADDON_PROVIDER_H_
