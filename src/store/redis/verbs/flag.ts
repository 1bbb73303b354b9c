/** Truth in Redis. */
export function flag(value: boolean | undefined): '0' | '1' {
  return value === true ? '1' : '0';
}
