#include "functions.h"

#include "arguments.h"
#include "mpin.h"
#include "provider.h"
#include "self_test.h"

namespace mpin::addon {

Napi::Value hash_id(const Napi::CallbackInfo& info) {
  Arguments args(info);
  size_t size = 0;
  uint8_t* out = args.bytes("out", kHashBytes);
  const uint8_t* id = args.any_bytes("id", &size);
  if (args.failed()) return args.undefined();
  mpin::hash_id(out, id, size);
  return status_value(info, Status::ok);
}

Napi::Value random_scalar(const Napi::CallbackInfo& info) {
  Arguments args(info);
  uint8_t* out = args.bytes("out", kScalarBytes);
  if (args.failed()) return args.undefined();
  return status_value(info, mpin::random_scalar(out));
}

Napi::Value server_secret_share(const Napi::CallbackInfo& info) {
  Arguments args(info);
  uint8_t* out = args.bytes("out", kG2Bytes);
  const uint8_t* master = args.bytes("master", kScalarBytes);
  if (args.failed()) return args.undefined();
  return status_value(info, provider_of(info).server_secret_share(out, master));
}

Napi::Value client_secret_shares(const Napi::CallbackInfo& info) {
  Arguments args(info);
  size_t count = 0;
  uint8_t* out = args.records("out", kG1Bytes, &count);
  const uint8_t* master = args.bytes("master", kScalarBytes);
  const uint8_t* hashes = args.bytes("hashes", count * kHashBytes);
  if (args.failed()) return args.undefined();
  return status_value(info, provider_of(info).client_secret_shares(out, master, hashes, count));
}

Napi::Value time_permit_shares(const Napi::CallbackInfo& info) {
  Arguments args(info);
  size_t count = 0;
  uint8_t* out = args.records("out", kG1Bytes, &count);
  const uint8_t* master = args.bytes("master", kScalarBytes);
  const uint8_t* hash = args.bytes("hash", kHashBytes);
  const uint32_t* dates = args.uint32s("dates", count);
  if (args.failed()) return args.undefined();
  return status_value(info, provider_of(info).time_permit_shares(out, master, hash, dates, count));
}

Napi::Value add_g1(const Napi::CallbackInfo& info) {
  Arguments args(info);
  uint8_t* out = args.bytes("out", kG1Bytes);
  const uint8_t* a = args.bytes("a", kG1Bytes);
  const uint8_t* b = args.bytes("b", kG1Bytes);
  if (args.failed()) return args.undefined();
  return status_value(info, provider_of(info).add_g1(out, a, b));
}

Napi::Value add_g2(const Napi::CallbackInfo& info) {
  Arguments args(info);
  uint8_t* out = args.bytes("out", kG2Bytes);
  const uint8_t* a = args.bytes("a", kG2Bytes);
  const uint8_t* b = args.bytes("b", kG2Bytes);
  if (args.failed()) return args.undefined();
  return status_value(info, provider_of(info).add_g2(out, a, b));
}

Napi::Value extract_pin(const Napi::CallbackInfo& info) {
  Arguments args(info);
  uint8_t* token = args.bytes("token", kG1Bytes);
  const uint8_t* hash = args.bytes("hash", kHashBytes);
  const uint32_t pin = args.uint32("pin");
  const uint8_t* client_secret = args.bytes("clientSecret", kG1Bytes);
  if (args.failed()) return args.undefined();
  return status_value(info, provider_of(info).extract_pin(token, hash, pin, client_secret));
}

Napi::Value client_pass1(const Napi::CallbackInfo& info) {
  Arguments args(info);
  uint8_t* u = args.bytes("u", kG1Bytes);
  uint8_t* ut = args.bytes("ut", kG1Bytes);
  uint8_t* sec = args.bytes("sec", kG1Bytes);
  const uint8_t* hash = args.bytes("hash", kHashBytes);
  const uint32_t pin = args.uint32("pin");
  const uint8_t* token = args.bytes("token", kG1Bytes);
  const uint8_t* permit = args.bytes_or_null("timePermit", kG1Bytes);
  const uint32_t date = args.uint32("date");
  const uint8_t* x = args.bytes("x", kScalarBytes);
  if (args.failed()) return args.undefined();
  return status_value(
      info, provider_of(info).client_pass1(u, ut, sec, hash, pin, token, permit, date, x));
}

Napi::Value client_pass2(const Napi::CallbackInfo& info) {
  Arguments args(info);
  uint8_t* v = args.bytes("v", kG1Bytes);
  const uint8_t* x = args.bytes("x", kScalarBytes);
  const uint8_t* y = args.bytes("y", kScalarBytes);
  const uint8_t* sec = args.bytes("sec", kG1Bytes);
  if (args.failed()) return args.undefined();
  return status_value(info, provider_of(info).client_pass2(v, x, y, sec));
}

Napi::Value self_test(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), self_test_known_answers(provider_of(info)));
}

}  // namespace mpin::addon
