// Published protocol runs: every field of every record is computed and compared.
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mpin.h"
#include "test_harness.h"

namespace mpin_test {
namespace {

using Record = std::map<std::string, std::string>;
using Bytes = std::vector<uint8_t>;

Bytes from_hex(const std::string& hex) {
  Bytes out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  return out;
}

struct Runner {
  Record record;

  Bytes bytes(const char* name) { return from_hex(record[name]); }
  uint32_t number(const char* name) { return static_cast<uint32_t>(std::stol(record[name])); }
  void expect(const char* name, const uint8_t* data, size_t len) {
    check(to_hex(data, len) == record[name], name, __FILE__, __LINE__);
  }
  void run();
  void run_authority(const uint8_t* hash);
  void run_client(const uint8_t* hash);
  void run_server(const uint8_t* hash);
};

void Runner::run_authority(const uint8_t* hash) {
  const char* names[2][4] = {{"MS1", "SS1", "CS1", "TP1"}, {"MS2", "SS2", "CS2", "TP2"}};
  uint8_t server[2][mpin::kG2Bytes], client[2][mpin::kG1Bytes], permit[2][mpin::kG1Bytes];
  const uint32_t date = number("DATE");
  for (int i = 0; i < 2; i++) {
    const Bytes master = bytes(names[i][0]);
    CHECK(mpin::server_secret_share(server[i], master.data()) == mpin::Status::ok);
    CHECK(mpin::client_secret_shares(client[i], master.data(), hash, 1) == mpin::Status::ok);
    CHECK(mpin::time_permit_shares(permit[i], master.data(), hash, &date, 1) == mpin::Status::ok);
    expect(names[i][1], server[i], sizeof server[i]);
    expect(names[i][2], client[i], sizeof client[i]);
    expect(names[i][3], permit[i], sizeof permit[i]);
  }
  uint8_t g1[mpin::kG1Bytes], g2[mpin::kG2Bytes];
  CHECK(mpin::add_g2(g2, server[0], server[1]) == mpin::Status::ok);
  expect("SERVER_SECRET", g2, sizeof g2);
  CHECK(mpin::add_g1(g1, client[0], client[1]) == mpin::Status::ok);
  expect("CLIENT_SECRET", g1, sizeof g1);
  CHECK(mpin::add_g1(g1, permit[0], permit[1]) == mpin::Status::ok);
  expect("TIME_PERMIT", g1, sizeof g1);
}

void Runner::run_client(const uint8_t* hash) {
  uint8_t token[mpin::kG1Bytes], u[mpin::kG1Bytes], ut[mpin::kG1Bytes], sec[mpin::kG1Bytes];
  uint8_t v[mpin::kG1Bytes];
  CHECK(mpin::extract_pin(token, hash, number("PIN1"), bytes("CLIENT_SECRET").data()) ==
        mpin::Status::ok);
  expect("TOKEN", token, sizeof token);
  CHECK(mpin::client_pass1(u, ut, sec, hash, number("PIN2"), token, bytes("TIME_PERMIT").data(),
                           number("DATE"), bytes("X").data()) == mpin::Status::ok);
  expect("U", u, sizeof u);
  expect("UT", ut, sizeof ut);
  expect("SEC", sec, sizeof sec);
  CHECK(mpin::client_pass2(v, bytes("X").data(), bytes("Y").data(), sec) == mpin::Status::ok);
  expect("V", v, sizeof v);
}

void Runner::run_server(const uint8_t* hash) {
  mpin::VerifyRecord login = {};
  const uint32_t date = number("DATE");
  std::memcpy(login.hash_mpin_id, hash, mpin::kHashBytes);
  for (int i = 0; i < 4; i++)
    login.date[i] = static_cast<uint8_t>(date >> (24 - 8 * i));
  std::memcpy(login.u, bytes("U").data(), mpin::kG1Bytes);
  std::memcpy(login.ut, bytes("UT").data(), mpin::kG1Bytes);
  std::memcpy(login.v, bytes("V").data(), mpin::kG1Bytes);
  std::memcpy(login.y, bytes("Y").data(), mpin::kScalarBytes);
  const auto* encoded = reinterpret_cast<const uint8_t*>(&login);
  auto verifier = std::make_unique<mpin::Verifier>();
  CHECK(mpin::verifier_init(verifier.get(), bytes("SERVER_SECRET").data()) == mpin::Status::ok);
  const int status = static_cast<int>(mpin::verify(*verifier, encoded));
  check(std::to_string(status) == record["SERVER_OUTPUT"], "SERVER_OUTPUT", __FILE__, __LINE__);
  int32_t error = -1;
  CHECK(mpin::pin_error(*verifier, encoded, &error));
  CHECK(error == static_cast<int32_t>(number("PIN2")) - static_cast<int32_t>(number("PIN1")));
}

void Runner::run() {
  uint8_t hash[mpin::kHashBytes];
  const Bytes id = bytes("MPIN_ID_HEX");
  mpin::hash_id(hash, id.data(), id.size());
  expect("HASH_MPIN_ID_HEX", hash, sizeof hash);
  run_authority(hash);
  run_client(hash);
  run_server(hash);
}

}  // namespace

void run_vectors(const char* path) {
  std::ifstream file(path);
  std::string line;
  Runner runner;
  int records = 0;
  while (std::getline(file, line)) {
    const size_t equals = line.find('=');
    if (equals != std::string::npos) {
      runner.record[line.substr(0, equals)] = line.substr(equals + 1);
    } else if (!runner.record.empty()) {
      runner.run();
      runner.record.clear();
      records++;
    }
  }
  std::printf("%d records of %s\n", records, path);
}

}  // namespace mpin_test
