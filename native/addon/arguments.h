// Conversions between JavaScript values and plain C++ ones, apart from all logic.
//
// The TypeScript face has checked its callers' arguments already and says better what is wrong with
// them. What is checked again here is what memory safety rests on: the type and length of arrays.
#ifndef MPIN_ADDON_ARGUMENTS_H_
#define MPIN_ADDON_ARGUMENTS_H_

#include <napi.h>

#include <cstddef>
#include <cstdint>

#include "status.h"

namespace mpin::addon {

// Reads the arguments of one call in their order. After the first wrong one a TypeError is pending,
// failed() is true and every later read gives null or zero; the caller must then return at once.
// The pointers are the JavaScript arrays' own memory and live as long as the call.
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  // bytes: a Uint8Array of exactly `size` bytes.
  uint8_t* bytes(const char* name, size_t size);

  // bytes_or_null: like bytes; null for null.
  uint8_t* bytes_or_null(const char* name, size_t size);

  // any_bytes: a Uint8Array of any length.
  uint8_t* any_bytes(const char* name, size_t* size);

  // records: a Uint8Array of a whole number of records of `record_size` bytes.
  uint8_t* records(const char* name, size_t record_size, size_t* count);

  // int8s: an Int8Array of any length.
  int8_t* int8s(const char* name, size_t* count);

  // uint32s: a Uint32Array of exactly `count` elements.
  uint32_t* uint32s(const char* name, size_t count);

  // uint32: a number that is an integer in [0, 2^32).
  uint32_t uint32(const char* name);

  // share: a number in [0, 1].
  double share(const char* name);

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] Napi::Value undefined() const { return info_.Env().Undefined(); }

 private:
  void* typed_array(const char* name, napi_typedarray_type type, size_t* count);
  void* sized_array(const char* name, napi_typedarray_type type, size_t count);
  void fail(const char* name, const char* expected);

  const Napi::CallbackInfo& info_;
  size_t next_ = 0;
  bool failed_ = false;
};

// status_value: a status as the number by which JavaScript knows it.
[[nodiscard]] Napi::Value status_value(const Napi::CallbackInfo& info, Status status);

}  // namespace mpin::addon

#endif  // MPIN_ADDON_ARGUMENTS_H_
