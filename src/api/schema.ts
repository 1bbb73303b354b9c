/** JSON Schema (2020-12, as OpenAPI 3.1 has it) in few words. */

export type Schema = Readonly<Record<string, unknown>>;

export const text = (description: string, more: Schema = {}): Schema => ({
  type: 'string',
  description,
  ...more,
});

/** Hex of so many bytes. */
export const hex = (bytes: number, description: string): Schema =>
  text(description, { pattern: `^[0-9a-fA-F]{${2 * bytes}}$` });

export const int = (description: string, more: Schema = {}): Schema => ({
  type: 'integer',
  description,
  ...more,
});

export const flag = (description: string): Schema => ({ type: 'boolean', description });

export const oneOf = (values: readonly (string | number)[], description: string): Schema => ({
  enum: values,
  description,
});

/** Whatever the other side likes to put there. */
export const anything = (description: string): Schema => ({ description });

/** An object whose fields are all there but for those whose names end in `?`. */
export function object(fields: Readonly<Record<string, Schema>>, description?: string): Schema {
  const properties: Record<string, Schema> = {};
  const required: string[] = [];
  for (const [name, schema] of Object.entries(fields)) {
    const optional = name.endsWith('?');
    properties[optional ? name.slice(0, -1) : name] = schema;
    if (!optional) required.push(name);
  }
  return {
    type: 'object',
    properties,
    ...(required.length === 0 ? {} : { required }),
    ...(description === undefined ? {} : { description }),
  };
}

/** An mpin_id: hex of either case, at most 2048 bytes. */
export const mpinId = (description = 'An identity: hex, opaque, in either case'): Schema =>
  text(description, { pattern: '^([0-9a-fA-F]{2}){1,2048}$' });

/** A one-time token of the server. */
export const token = (description: string): Schema => text(description, { minLength: 1 });

/** A point of G1, uncompressed. */
export const point = (description: string): Schema =>
  text(description, { pattern: '^04[0-9a-fA-F]{128}$' });

/** `YYYY-MM-DDTHH:MM:SSZ`. */
export const isoTime = (description: string): Schema =>
  text(description, { pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$' });
