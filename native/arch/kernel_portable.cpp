// The portable kernel: any 64-bit CPU with a compiler that has 128-bit integers.
#include "engine_portable.h"
#include "scalar_kernel.h"

namespace mpin {

const Kernel kPortableKernel = scalar_kernel<FieldT<params::ModulusP, PortableEngine>>("portable");

}  // namespace mpin
