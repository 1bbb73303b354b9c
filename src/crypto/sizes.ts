/** Lengths in bytes of everything that crosses the face of the core (native/core/mpin.h). */
export const SCALAR_BYTES = 32;
export const HASH_BYTES = 32;
/** 04 ‖ x ‖ y. */
export const G1_BYTES = 65;
/** xa ‖ xb ‖ ya ‖ yb. */
export const G2_BYTES = 128;

/** PINs are the integers 0 … PIN_COUNT − 1. */
export const PIN_COUNT = 10_000;
/** Dates are days since 1970-01-01 UTC in four bytes; 0 means without time permit. */
export const DATE_MAX = 0xffff_ffff;
