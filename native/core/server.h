// The server's side: the value e(V, Q)·e(UT + y(A + T), s·Q), which is 1 for the right PIN, and the
// error of a wrong one. batch.h checks logins with it. Pass-2 inputs are public, so the check is
// variable-time in them; preparing the server secret is constant-time.
#ifndef MPIN_CORE_SERVER_H_
#define MPIN_CORE_SERVER_H_

#include "fr.h"
#include "hash_to_g1.h"
#include "inverse.h"
#include "mpin.h"
#include "pairing.h"
#include "pin_error.h"

namespace mpin {

template <class F>
struct ServerT {
  using G1 = G1T<F>;
  using G2 = G2T<F>;
  using Hash = HashToG1T<F>;
  using Pairing = PairingT<F>;
  using Fp12 = Fp12T<F>;
  using Affine = typename G1::Affine;
  using Jacobian = typename G1::Jacobian;

  struct State {
    typename Pairing::G2Prepared q, secret;
  };
  static_assert(sizeof(State) <= kVerifierBytes && alignof(State) <= alignof(Verifier));

  static const State& state(const Verifier& verifier) {
    return *reinterpret_cast<const State*>(verifier.opaque);
  }

  static Status verifier_init(Verifier* verifier, const uint8_t* server_secret) {
    std::memset(verifier->opaque, 0, sizeof verifier->opaque);
    Secret<typename G2::Affine> secret;
    if (!G2::decode(*secret, server_secret)) return Status::invalid_point;
    typename G2::Affine q;
    G2::generator(q);
    State* s = reinterpret_cast<State*>(verifier->opaque);
    Pairing::prepare(s->q, q);
    Pairing::prepare(s->secret, *secret);
    return Status::ok;
  }

  // A record decoded: the points of the check, valid.
  struct Login {
    Affine u, v, a;
    Affine ut, t;  // With a permit only.
    bool permit;
    uint64_t y[4];
  };

  // decode_vartime: false when a point is not acceptable.
  static bool decode_vartime(Login& r, const VerifyRecord& record) {
    if (record.flags & kRecordMalformed) return false;
    const uint32_t date = static_cast<uint32_t>(record.date[0]) << 24 |
                          static_cast<uint32_t>(record.date[1]) << 16 |
                          static_cast<uint32_t>(record.date[2]) << 8 | record.date[3];
    r.permit = date != 0;
    if (!G1::decode(r.u, record.u) || !G1::decode(r.v, record.v)) return false;
    if (r.permit && !G1::decode(r.ut, record.ut)) return false;
    fr_from_bytes_reduced<F>(r.y, record.y);
    Hash::map_vartime(r.a, record.hash_mpin_id);
    if (r.permit) Hash::map_permit_vartime(r.t, date, record.hash_mpin_id);
    return true;
  }

  // response_vartime: u + y·(a + t), or u + y·a without t. Infinity is possible and right: a
  // commitment may be -y·a by chance.
  static void response_vartime(Jacobian& r, const Affine& u, const Affine& a, const Affine* t,
                               const uint64_t y[4]) {
    Jacobian base;
    G1::from_affine(base, a);
    if (t != nullptr) G1::add_affine_vartime(base, base, *t);
    if (F::is_zero(base.z))
      G1::set_infinity(r);
    else
      G1::mul_vartime(r, base, y);
    G1::add_affine_vartime(r, r, u);
  }

  // value_vartime: e(v, Q)·e(response, s·Q).
  static void value_vartime(Fp12& r, const State& s, const Jacobian& v, const Jacobian& response) {
    typename Pairing::G1Prepared p1, p2;
    Pairing::prepare_g1(p1, p2, v, response, InverseT<F>::inv_vartime);
    Pairing::miller2(r, p1, s.q, p2, s.secret);
    CyclotomicT<F>::final_exp(r, r, InverseT<F>::inv_vartime);
  }

  // check_value_vartime: E = e(V, Q)·e(UT + y(A + T), s·Q).
  static void check_value_vartime(Fp12& r, const State& s, const Login& login) {
    Jacobian v, response;
    G1::from_affine(v, login.v);
    if (login.permit)
      response_vartime(response, login.ut, login.a, &login.t, login.y);
    else
      response_vartime(response, login.u, login.a, nullptr, login.y);
    value_vartime(r, s, v, response);
  }

  // pin_error: with V = -(x + y)(s(A + T) + d·A) the check value is E = F^-d for
  // F = e(U + y·A, Q) = e((x + y)·A, Q).
  static bool pin_error(const Verifier& verifier, const uint8_t* bytes, int32_t* error) {
    const State& s = state(verifier);
    VerifyRecord record;
    std::memcpy(&record, bytes, sizeof record);
    *error = 0;
    Login login;
    if (!decode_vartime(login, record)) return false;
    Fp12 check, base;
    check_value_vartime(check, s, login);
    if (Fp12::is_one(check)) return true;
    Jacobian response, unused;
    typename Pairing::G1Prepared p1, p2;
    response_vartime(response, login.u, login.a, nullptr, login.y);
    G1::from_affine(unused, login.v);
    Pairing::prepare_g1(p1, p2, response, unused, InverseT<F>::inv_vartime);
    Pairing::miller1(base, p1, s.q);
    CyclotomicT<F>::final_exp(base, base, InverseT<F>::inv_vartime);
    Fp12::conj(check, check);
    return PinErrorT<F>::log_vartime(error, check, base);
  }
};

}  // namespace mpin

#endif  // MPIN_CORE_SERVER_H_
