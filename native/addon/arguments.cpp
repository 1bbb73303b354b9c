#include "arguments.h"

#include <string>

namespace mpin::addon {

uint8_t* Arguments::bytes(const char* name, size_t size) {
  return static_cast<uint8_t*>(sized_array(name, napi_uint8_array, size));
}

uint8_t* Arguments::bytes_or_null(const char* name, size_t size) {
  if (failed_ || !info_[next_].IsNull()) return bytes(name, size);
  ++next_;
  return nullptr;
}

uint8_t* Arguments::any_bytes(const char* name, size_t* size) {
  return static_cast<uint8_t*>(typed_array(name, napi_uint8_array, size));
}

uint8_t* Arguments::records(const char* name, size_t record_size, size_t* count) {
  size_t size = 0;
  uint8_t* data = any_bytes(name, &size);
  *count = size / record_size;
  if (size % record_size == 0) return data;
  fail(name, "a whole number of records");
  return nullptr;
}

int8_t* Arguments::int8s(const char* name, size_t* count) {
  return static_cast<int8_t*>(typed_array(name, napi_int8_array, count));
}

uint32_t* Arguments::uint32s(const char* name, size_t count) {
  return static_cast<uint32_t*>(sized_array(name, napi_uint32_array, count));
}

uint32_t Arguments::uint32(const char* name) {
  if (failed_) return 0;
  const Napi::Value value = info_[next_++];
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1.0;
  // The bounds come first: converting a double outside of them is undefined behaviour.
  if (number >= 0.0 && number <= static_cast<double>(UINT32_MAX)) {
    const auto integer = static_cast<uint32_t>(number);
    if (static_cast<double>(integer) == number) return integer;
  }
  fail(name, "an integer in [0, 2^32)");
  return 0;
}

double Arguments::share(const char* name) {
  if (failed_) return 0;
  const Napi::Value value = info_[next_++];
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1.0;
  if (number >= 0.0 && number <= 1.0) return number;
  fail(name, "a number in [0, 1]");
  return 0;
}

// sized_array: an array of this element type with exactly `count` elements.
void* Arguments::sized_array(const char* name, napi_typedarray_type type, size_t count) {
  size_t actual = 0;
  void* data = typed_array(name, type, &actual);
  if (failed_ || actual == count) return data;
  fail(name, "of the right length");
  return nullptr;
}

// typed_array: an array of this element type; the data of an empty one may be null.
void* Arguments::typed_array(const char* name, napi_typedarray_type type, size_t* count) {
  *count = 0;
  if (failed_) return nullptr;
  const Napi::Value value = info_[next_++];
  napi_typedarray_type actual_type{};
  size_t actual_count = 0;
  void* data = nullptr;
  // The call itself says whether the value is a typed array at all.
  const napi_status status = napi_get_typedarray_info(info_.Env(), value, &actual_type,
                                                      &actual_count, &data, nullptr, nullptr);
  if (status != napi_ok || actual_type != type) {
    fail(name, "a typed array of the right element type");
    return nullptr;
  }
  *count = actual_count;
  return data;
}

void Arguments::fail(const char* name, const char* expected) {
  failed_ = true;
  const std::string message = std::string("native argument ") + name + " must be " + expected;
  Napi::TypeError::New(info_.Env(), message).ThrowAsJavaScriptException();
}

Napi::Value status_value(const Napi::CallbackInfo& info, Status status) {
  return Napi::Number::New(info.Env(), static_cast<int8_t>(status));
}

}  // namespace mpin::addon
