// The adx kernel. This unit alone is compiled for BMI2 and ADX.
#include "engine_adx.h"
#include "scalar_kernel.h"

namespace mpin {
namespace {

// A type of this unit: its templates must not be merged with those of the IFMA kernel, which is
// compiled for more than BMI2 and ADX.
struct Engine : AdxEngine {};

}  // namespace

const Kernel kAdxKernel = scalar_kernel<FieldT<params::ModulusP, Engine>>("adx");

}  // namespace mpin
